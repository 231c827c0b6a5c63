#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxMessageRunes = 20480;

class VictoropsReceiver final : public KindReceiver<config::VictoropsConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;

 private:
  Result<std::string> message(const Notification& n, Expander& expand) const;
};

Result<std::string> VictoropsReceiver::message(const Notification& n, Expander& expand) const {
  std::string type = expand(config_.message_type);
  if (!n.firing()) {
    type = "RECOVERY";
  } else if (type != "INFO" && type != "WARNING") {
    type = "CRITICAL";
  }
  tmpl::MapData json;
  json["message_type"] = type;
  json["entity_id"] = group_key_hash(n.group_key);
  json["entity_display_name"] = expand(config_.entity_display_name);
  json["state_message"] = truncated(expand(config_.state_message), kMaxMessageRunes, "state_message", n);
  json["monitoring_tool"] = expand(config_.monitoring_tool);
  for (const auto& [key, value] : config_.custom_fields) json[key] = expand(value);
  if (expand.error()) return fail(templating_error(*expand.error()));
  return tmpl::to_json(tmpl::Value::map(std::move(json)));
}

Result<Prepared> VictoropsReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  TOCSIN_TRY(const std::string key, secret_or_file(config_.api_key, config_.api_key_file, "API key"));
  std::string url = append_path(config_.api_url, key + "/" + expand(config_.routing_key));
  TOCSIN_TRY(std::string body, message(n, expand));
  return Prepared{json_request(std::move(url), std::move(body)), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::VictoropsConfig config) {
  return std::make_shared<VictoropsReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
