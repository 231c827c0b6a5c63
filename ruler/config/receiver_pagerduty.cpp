#include "config/receiver_pagerduty.hpp"

#include <algorithm>

#include "config/alertmanager_global.hpp"

namespace tocsin::config {
namespace {

constexpr std::pair<std::string_view, std::string_view> kDefaultDetails[] = {
    {"firing", "{{ .Alerts.Firing | toJson }}"},
    {"resolved", "{{ .Alerts.Resolved | toJson }}"},
    {"num_firing", "{{ .Alerts.Firing | len }}"},
    {"num_resolved", "{{ .Alerts.Resolved | len }}"},
};

void add_default_details(TreeMap& details) {
  for (const auto& [key, text] : kDefaultDetails) {
    const auto same = [&key](const auto& detail) { return detail.first == key; };
    if (std::any_of(details.begin(), details.end(), same)) continue;
    ValueTree value;
    value.kind = ValueTree::Kind::kString;
    value.text = text;
    details.emplace_back(key, std::move(value));
  }
  std::sort(details.begin(), details.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

}  // namespace

void PagerdutyImage::describe(FieldVisitor& f) {
  f.text("src", src);
  f.text("alt", alt);
  f.text("href", href);
}

void PagerdutyLink::describe(FieldVisitor& f) {
  f.text("href", href);
  f.text("text", text);
}

void PagerdutyConfig::describe(FieldVisitor& f) {
  f.secret_text("service_key", service_key);
  f.file("service_key_file", service_key_file);
  f.secret_text("routing_key", routing_key);
  f.file("routing_key_file", routing_key_file);
  f.url("url", url);
  f.text("client", client);
  f.text("client_url", client_url);
  f.text("description", description);
  f.tree_map("details", details);
  f.list("images", images);
  f.list("links", links);
  f.text("source", source);
  f.text("severity", severity);
  f.text("class", clazz);
  f.text("component", component);
  f.text("group", group);
  f.go_duration("timeout", timeout);
}

Result<void> PagerdutyConfig::complete(const AlertmanagerGlobal& global) {
  const bool routing = !routing_key.empty() || !routing_key_file.empty();
  const bool service = !service_key.empty() || !service_key_file.empty();
  if (!routing && !service) return fail(Errc::kInvalid, "missing service or routing key in PagerDuty config");
  TOCSIN_OK(at_most_one("routing_key", routing_key, routing_key_file));
  TOCSIN_OK(at_most_one("service_key", service_key, service_key_file));
  add_default_details(details);
  if (url.empty()) url = global.pagerduty_url;
  if (source.empty()) source = client;
  return {};
}

}  // namespace tocsin::config
