#include <boost/json.hpp>

#include "base/log.hpp"
#include "notify/kinds.hpp"
#include "notify/webhook_body.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxBodyBytes = 512U << 10U;
constexpr int kTooManyRequests = 429;

/// The data with its first alert only; what is common to all stays.
tmpl::Value first_alert_only(const tmpl::Value& data) {
  tmpl::ListData fields = data.as_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if ((data.type()->is_pointer() ? data.type()->target : data.type())->fields[i] != "Alerts") continue;
    fields[i] = tmpl::Value::list({fields[i].as_list().front()}, *fields[i].type());
  }
  return tmpl::Value::object(std::move(fields), *data.type());
}

/// "message: error: errors, ..." of a JSON answer.
std::string refusal(std::string_view body) {
  boost::json::error_code error;
  const boost::json::value answer = boost::json::parse({body.data(), body.size()}, error);
  if (error || !answer.is_object()) return "";
  std::string out;
  const auto add = [&out](const std::string& part) { (out += out.empty() || part.empty() ? "" : ": ") += part; };
  for (const char* key : {"message", "error"}) {
    const auto* text = answer.as_object().if_contains(key);
    if (text != nullptr && text->is_string()) add(std::string(text->as_string()));
  }
  std::string errors;
  if (const auto* list = answer.as_object().if_contains("errors"); list != nullptr && list->is_array()) {
    for (const boost::json::value& item : list->as_array()) {
      if (item.is_string()) errors += (errors.empty() ? "" : ", ") + std::string(item.as_string());
    }
  }
  add(errors);
  return out;
}

class IncidentioReceiver final : public KindReceiver<config::IncidentioConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
  SendOutcome judge(const Notification& n, const Prepared& prepared, const net::HttpResponse& response) const override;

 private:
  Result<std::string> body(const Notification& n) const;
};

Result<std::string> IncidentioReceiver::body(const Notification& n) const {
  const tmpl::AmData alerts = data(n, config_.max_alerts);
  TOCSIN_TRY(std::string whole, webhook_body(alerts.value(), n, config_.max_alerts));
  if (whole.size() < kMaxBodyBytes) return whole;
  TOCSIN_TRY(std::string cut, webhook_body(first_alert_only(alerts.value()), n, config_.max_alerts));
  log::warn(
      "notify", "only the first alert is sent: incident.io limits the size of a payload",
      {{"group", n.group_key}, {"bytes", whole.size()}, {"sent_bytes", cut.size()}, {"max_bytes", kMaxBodyBytes}});
  return cut;
}

Result<Prepared> IncidentioReceiver::prepare(const Notification& n) const {
  TOCSIN_TRY(std::string json, body(n));
  TOCSIN_TRY(std::string url, secret_or_file(Secret(config_.url), config_.url_file, "url"));
  TOCSIN_TRY(const std::string token,
             secret_or_file(config_.alert_source_token, config_.alert_source_token_file, "alert_source_token"));
  Prepared prepared{json_request(std::move(url), std::move(json)), "", {}};
  if (!token.empty()) prepared.request.headers.set("Authorization", "Bearer " + token);
  return prepared;
}

SendOutcome IncidentioReceiver::judge(const Notification&, const Prepared&, const net::HttpResponse& response) const {
  const std::string details = response.status / 100 == 2 ? "" : refusal(response.body.view());
  return judge_status(response, details, kTooManyRequests);
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::IncidentioConfig config) {
  return std::make_shared<IncidentioReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
