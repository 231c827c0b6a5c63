#include "notify/check_texts.hpp"

#include <string_view>

#include <fmt/format.h>

namespace tocsin::notify {

namespace {

using config::ValueTree;

class TextChecker {
 public:
  explicit TextChecker(const tmpl::AmTemplates& templates) : templates_(templates) {}
  std::vector<std::string> take() { return std::move(out_); }

  void at(std::string where, std::string_view kind) {
    where_ = std::move(where);
    kind_ = kind;
  }
  void text(std::string_view field, std::string_view text) {
    if (auto parsed = templates_.check(text); !parsed) add(field, parsed.error().message);
  }
  void secret(std::string_view field, const Secret& text) {
    if (!templates_.check(text.reveal())) add(field, "is not a template that can be parsed");
  }
  void tree(std::string_view field, const ValueTree& tree_value) {
    if (tree_value.kind == ValueTree::Kind::kString) text(field, tree_value.text);
    for (const ValueTree& item : tree_value.list) tree(field, item);
    for (const auto& [key, item] : tree_value.map) {
      text(field, key);
      tree(field, item);
    }
  }

  void slack(const config::SlackConfig& c) {
    at(c.where, "slack_configs");
    text("channel", c.channel);
    text("username", c.username);
    text("color", c.color);
    text("title", c.title);
    text("title_link", c.title_link);
    text("pretext", c.pretext);
    text("text", c.text);
    text("message_text", c.message_text);
    text("footer", c.footer);
    text("fallback", c.fallback);
    text("callback_id", c.callback_id);
    text("icon_emoji", c.icon_emoji);
    text("icon_url", c.icon_url);
    text("image_url", c.image_url);
    text("thumb_url", c.thumb_url);
    for (const config::SlackField& field : c.fields) {
      text("fields title", field.title);
      text("fields value", field.value);
    }
    for (const config::SlackAction& action : c.actions) slack_action(action);
  }

  void pagerduty(const config::PagerdutyConfig& c) {
    at(c.where, "pagerduty_configs");
    secret("service_key", c.service_key);
    secret("routing_key", c.routing_key);
    text("client", c.client);
    text("client_url", c.client_url);
    text("description", c.description);
    for (const auto& [key, value] : c.details) tree("details " + key, value);
    for (const config::PagerdutyImage& image : c.images) {
      text("images src", image.src);
      text("images alt", image.alt);
      text("images href", image.href);
    }
    for (const config::PagerdutyLink& link : c.links) {
      text("links href", link.href);
      text("links text", link.text);
    }
    text("source", c.source);
    text("severity", c.severity);
    text("class", c.clazz);
    text("component", c.component);
    text("group", c.group);
  }

  void webhook(const config::WebhookConfig& c) {
    at(c.where, "webhook_configs");
    secret("url", c.url);
    if (c.payload) tree("payload", *c.payload);
  }

  void route(const config::RouteConfig& c) {
    at(c.where, "route");
    for (const auto& [name, value] : c.labels) text("labels " + name, value);
    for (const config::RouteConfig& child : c.routes) route(child);
  }

 private:
  void slack_action(const config::SlackAction& action) {
    for (const std::string* part :
         {&action.type, &action.text, &action.url, &action.style, &action.name, &action.value}) {
      text("actions", *part);
    }
    if (!action.confirm) return;
    const config::SlackConfirm& confirm = *action.confirm;
    for (const std::string* part : {&confirm.title, &confirm.text, &confirm.ok_text, &confirm.dismiss_text}) {
      text("actions confirm", *part);
    }
  }

  void add(std::string_view field, std::string_view message) {
    out_.push_back(fmt::format("{}: {} {}: {}", where_, kind_, field, message));
  }

  const tmpl::AmTemplates& templates_;
  std::string where_;
  std::string_view kind_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> check_texts(const config::AlertmanagerConfig& config, const tmpl::AmTemplates& templates) {
  TextChecker checker(templates);
  for (const config::ReceiverConfig& receiver : config.receivers) {
    for (const config::WebhookConfig& c : receiver.webhook) checker.webhook(c);
    for (const config::PagerdutyConfig& c : receiver.pagerduty) checker.pagerduty(c);
    for (const config::SlackConfig& c : receiver.slack) checker.slack(c);
  }
  checker.route(config.route);
  return checker.take();
}

}  // namespace tocsin::notify
