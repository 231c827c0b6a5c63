#include "notify/check_texts.hpp"

#include <map>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::notify {

namespace {

using config::ValueTree;

constexpr Timestamp kExampleTime = 1'700'000'000'000;

tmpl::AmAlert example_alert(int number, bool resolved) {
  auto alert = std::make_shared<model::Alert>();
  alert->labels = model::Labels({{"alertname", "Example"},
                                 {"instance", fmt::format("host-{}:9100", number)},
                                 {"job", "node"},
                                 {"severity", "critical"}});
  alert->annotations = model::Labels({{"description", "What is wrong, at length."},
                                      {"runbook_url", "https://runbooks.example/example"},
                                      {"summary", "What is wrong"}});
  alert->starts_at = kExampleTime - 60'000;
  alert->ends_at = kExampleTime;
  alert->generator_url = "http://prometheus.example/graph?g0.expr=up";
  return {alert, resolved};
}

/// Two alerts fire, one has ended.
tmpl::AmInput example_input(std::vector<std::pair<std::string, std::string>> route_labels) {
  tmpl::AmInput input;
  input.receiver = "example";
  input.reason = "first notification";
  for (const int number : {1, 2, 3}) input.alerts.push_back(example_alert(number, number == 3));
  input.group_labels = model::Labels({{"alertname", "Example"}});
  input.route_labels = std::move(route_labels);
  input.external_url = "http://alertmanager.example";
  return input;
}

class TextChecker final : public config::FieldVisitor {
 public:
  explicit TextChecker(const tmpl::AmTemplates& templates)
      : templates_(templates), example_(templates.data(example_input({}), kExampleTime)) {}
  std::vector<std::string> take() { return std::move(out_); }

  void at(std::string where, std::string_view what) {
    where_ = std::move(where);
    prefix_ = std::string(what) + " ";
  }

  void text(std::string_view field, std::string& text) override { check(field, text); }
  void html_text(std::string_view field, std::string& text) override {
    if (text.empty()) return;
    const std::string& mistake = mistake_of(html_, text, [this](const std::string& html) -> Result<void> {
      TOCSIN_OK(templates_.check_html(html));
      TOCSIN_OK(templates_.expand_html(html, example_, kExampleTime));
      return {};
    });
    if (!mistake.empty()) add(field, mistake);
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
    std::vector<std::string> failures;
    if (!c.labels.empty()) (void)templates_.data(example_input(c.labels), kExampleTime, &failures);
    for (const std::string& failure : failures) {
      const std::string_view label = std::string_view(failure).substr(std::string_view("route label ").size());
      const std::size_t colon = label.find(": ");
      add(fmt::format("labels {}", label.substr(0, colon)), label.substr(colon + 2));
    }
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
  using Mistakes = std::map<std::string, std::string, std::less<>>;

  /// Many receivers have the same texts: each is tried once. "" if nothing is wrong.
  template <typename Try>
  static const std::string& mistake_of(Mistakes& known, std::string_view text, Try&& attempt) {
    const auto found = known.find(text);
    if (found != known.end()) return found->second;
    const Result<void> result = attempt(std::string(text));
    return known.emplace(text, result ? "" : result.error().message).first->second;
  }

  const std::string& mistake_in(std::string_view text) {
    return mistake_of(texts_, text, [this](const std::string& one) -> Result<void> {
      TOCSIN_OK(templates_.check(one));
      TOCSIN_OK(templates_.expand(one, example_, kExampleTime));
      return {};
    });
  }
  void check(std::string_view field, std::string_view text) {
    if (const std::string& mistake = mistake_in(text); !mistake.empty()) add(field, mistake);
  }
  void check_secret(std::string_view field, const Secret& text) {
    if (!mistake_in(text.reveal()).empty()) add(field, "is not a template that can run");
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
  const tmpl::AmData example_;
  Mistakes texts_, html_;
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
