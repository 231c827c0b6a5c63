#include "notify/check_texts.hpp"

#include <string_view>

#include <fmt/format.h>

namespace tocsin::notify {

namespace {

using config::ValueTree;

class TextChecker final : public config::FieldVisitor {
 public:
  explicit TextChecker(const tmpl::AmTemplates& templates) : templates_(templates) {}
  std::vector<std::string> take() { return std::move(out_); }

  void at(std::string where, std::string_view what) {
    where_ = std::move(where);
    prefix_ = std::string(what) + " ";
  }

  void text(std::string_view field, std::string& text) override { check(field, text); }
  void html_text(std::string_view field, std::string& text) override {
    if (auto parsed = templates_.check_html(text); !parsed) add(field, parsed.error().message);
  }
  void texts(std::string_view field, std::vector<std::string>& texts) override {
    for (const std::string& text : texts) check(field, text);
  }
  void text_map(std::string_view field, config::TextMap& map) override {
    for (const auto& [key, value] : map) {
      check(field, key);
      check(fmt::format("{} {}", field, key), value);
    }
  }
  void tree(std::string_view field, std::optional<ValueTree>& tree) override {
    if (tree) check_tree(field, *tree);
  }
  void tree_map(std::string_view field, config::TreeMap& map) override {
    for (const auto& [key, value] : map) check_tree(fmt::format("{} {}", field, key), value);
  }
  void secret_text(std::string_view field, Secret& text) override { check_secret(field, text); }
  void secret_url_text(std::string_view field, Secret& text) override { check_secret(field, text); }
  void secret_map(std::string_view field, config::SecretMap& map) override {
    for (const auto& [key, value] : map) check_secret(fmt::format("{} {}", field, key), value);
  }

  void route(const config::RouteConfig& c) {
    at(c.where, "route");
    for (const auto& [name, value] : c.labels) check("labels " + name, value);
    for (const config::RouteConfig& child : c.routes) route(child);
  }

 protected:
  void part(const Part& part) override {
    const std::string outer = prefix_;
    prefix_ += std::string(part.key) + " ";
    FieldVisitor::part(part);
    prefix_ = outer;
  }

 private:
  void check(std::string_view field, std::string_view text) {
    if (auto parsed = templates_.check(text); !parsed) add(field, parsed.error().message);
  }
  void check_secret(std::string_view field, const Secret& text) {
    if (!templates_.check(text.reveal())) add(field, "is not a template that can be parsed");
  }
  void check_tree(std::string_view field, const ValueTree& tree) {
    if (tree.kind == ValueTree::Kind::kString) check(field, tree.text);
    for (const ValueTree& item : tree.list) check_tree(field, item);
    for (const auto& [key, item] : tree.map) {
      check(field, key);
      check_tree(field, item);
    }
  }
  void add(std::string_view field, std::string_view message) {
    out_.push_back(fmt::format("{}: {}{}: {}", where_, prefix_, field, message));
  }

  const tmpl::AmTemplates& templates_;
  std::string where_, prefix_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> check_texts(const config::AlertmanagerConfig& config, const tmpl::AmTemplates& templates) {
  TextChecker checker(templates);
  for (const config::ReceiverConfig& receiver : config.receivers) {
    config::for_each_kind([&](auto kind) {
      for (auto integration : receiver.*kind) {  // a copy: visitors may write
        checker.at(integration.where, std::string(integration.kKind) + "_configs");
        integration.describe(checker);
      }
    });
  }
  checker.route(config.route);
  return checker.take();
}

}  // namespace tocsin::notify
