#include <algorithm>

#include "base/strings.hpp"
#include "config/alertmanager_parts.hpp"
#include "config/field_reader.hpp"

namespace tocsin::config::alertmanager {
namespace {

constexpr std::string_view kSuffix = "_configs";

/// http_config, with the global one as fallback.
void read_http(yaml::Fields& fields, HttpNotifierConfig& out, Context& context) {
  out.http = context.global.http;
  out.own_http = fields.has("http_config");
  fields.child("http_config", [&](const yaml::Node& node) { return read_http_config(node, out.http, context); });
}

template <typename Config>
Result<Config> read_integration(const yaml::Node& node, Context& context) {
  if (node.is_null()) return node.error("missing {} config", Config::kKind);
  Config config;
  config.where = node.where();
  yaml::Fields fields(node, std::string(Config::kType));
  fields.read("send_resolved", config.send_resolved);
  if constexpr (std::derived_from<Config, HttpNotifierConfig>) read_http(fields, config, context);
  FieldReader reader(fields, context);
  config.describe(reader);
  TOCSIN_OK(fields.finish());
  const Result<void> complete = config.complete(context.global);
  if (!complete) return node.error("{}", complete.error().message);
  return config;
}

Result<void> read_labels(const yaml::Node& node, ReceiverConfig& receiver) {
  TOCSIN_TRY(receiver.labels, read_text_map(node));
  for (const auto& [name, value] : receiver.labels) {
    if (name == "name" && value != receiver.name) {
      return node.error("receiver label \"name\" must match receiver name {}, got {}", go_quote(receiver.name),
                        go_quote(value));
    }
  }
  std::erase_if(receiver.labels, [](const auto& label) { return label.first == "name"; });
  return {};
}

Result<void> read_fallback(const yaml::Node& node, ReceiverConfig& receiver) {
  FallbackConfig fallback;
  if (node.is_scalar()) {
    fallback.receiver = node.text();
  } else {
    TOCSIN_OK(yaml::Fields(node, "config.Fallback")
                  .read("receiver", fallback.receiver)
                  .read("after", fallback.after)
                  .finish());
  }
  if (fallback.receiver.empty()) return node.error("missing receiver in fallback");
  if (fallback.receiver == receiver.name) return node.error("a receiver cannot be its own fallback");
  receiver.fallback = std::move(fallback);
  return {};
}

}  // namespace

Result<ReceiverConfig> parse_receiver(const yaml::Node& node, Context& context) {
  ReceiverConfig receiver;
  receiver.where = node.where();
  yaml::Fields fields(node, "config.Receiver");
  fields.read("name", receiver.name).child("labels", [&](const yaml::Node& n) { return read_labels(n, receiver); });
  for_each_kind([&](auto kind) {
    using Config = config_of_kind<decltype(kind)>;
    fields.each(std::string(Config::kKind) + std::string(kSuffix), [&](const yaml::Node& n) -> Result<void> {
      TOCSIN_TRY(Config config, read_integration<Config>(n, context));
      (receiver.*kind).push_back(std::move(config));
      return {};
    });
  });
  fields.child("fallback", [&](const yaml::Node& n) { return read_fallback(n, receiver); });
  TOCSIN_OK(fields.finish());
  if (receiver.name.empty()) return node.error("missing name in receiver");
  return receiver;
}

}  // namespace tocsin::config::alertmanager
