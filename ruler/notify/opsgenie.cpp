#include "base/json_string.hpp"
#include "base/strings.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxMessageRunes = 130;
constexpr int kTooManyRequests = 429;

/// The parts between commas that are not empty.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view part : split(tmpl::trim_unicode(text), ',')) {
    if (!part.empty()) out.emplace_back(part);
  }
  return out;
}

void add_list(tmpl::JsonObject& json, std::string_view key, const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += out.empty() ? "[" : ",";
    append_json_string(out, text, JsonStyle::kGo);
  }
  if (!out.empty()) json.raw(key, out + "]");
}

std::string responder_json(std::string_view id, std::string_view name, std::string_view username,
                           std::string_view type) {
  tmpl::JsonObject json;
  return json.text_if("id", id).text_if("name", name).text_if("username", username).text("type", type).take();
}

class OpsgenieReceiver final : public KindReceiver<config::OpsgenieConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
  SendOutcome judge(const Notification& n, const Prepared& prepared, const net::HttpResponse& response) const override;

 private:
  std::string url(const std::string& path) const;
  std::string details(const tmpl::AmData& alerts, Expander& expand) const;
  std::string responders(Expander& expand) const;
  /// What creates the alert and, if so configured, what updates one that is there.
  std::vector<net::HttpRequest> create(const Notification& n, const tmpl::AmData& alerts, Expander& expand) const;
};

std::string OpsgenieReceiver::url(const std::string& path) const {
  return with_query(append_path(config_.api_url, path), {{"identifierType", "alias"}});
}

std::string OpsgenieReceiver::details(const tmpl::AmData& alerts, Expander& expand) const {
  tmpl::MapData out;
  if (const tmpl::Value* common = alerts.value().field("CommonLabels"); common != nullptr) out = common->as_map();
  for (const auto& [key, value] : config_.details) out.insert_or_assign(key, expand(value));
  return *tmpl::to_json(tmpl::Value::map(std::move(out)));
}

std::string OpsgenieReceiver::responders(Expander& expand) const {
  std::string out;
  const auto add = [&out](std::string_view json) { (out += out.empty() ? "[" : ",") += json; };
  for (const config::OpsgenieResponder& responder : config_.responders) {
    const std::string id = expand(responder.id), name = expand(responder.name), username = expand(responder.username);
    const std::string type = expand(responder.type);
    if (id.empty() && name.empty() && username.empty() && type.empty()) continue;
    if (type != "teams") {
      add(responder_json(id, name, username, type));
      continue;
    }
    for (const std::string& team : parts_of(name)) add(responder_json("", expand(team), "", "team"));
  }
  return out.empty() ? out : out + "]";
}

std::vector<net::HttpRequest> OpsgenieReceiver::create(const Notification& n, const tmpl::AmData& alerts,
                                                       Expander& expand) const {
  const std::string alias = group_key_hash(n.group_key);
  const std::string message = truncated(expand(config_.message), kMaxMessageRunes, "message", n);
  const std::string description = expand(config_.description);
  tmpl::JsonObject json;
  json.text("alias", alias).text("message", message).text_if("description", description);
  json.raw("details", details(alerts, expand)).text("source", expand(config_.source));
  if (const std::string list = responders(expand); !list.empty()) json.raw("responders", list);
  add_list(json, "tags", parts_of(expand(config_.tags)));
  json.text_if("note", expand(config_.note)).text_if("priority", expand(config_.priority));
  json.text_if("entity", expand(config_.entity));
  add_list(json, "actions", parts_of(expand(config_.actions)));
  std::vector<net::HttpRequest> out = {json_request(append_path(config_.api_url, "v2/alerts"), json.take())};
  if (!config_.update_alerts) return out;
  for (const auto& [key, text] : {std::pair("message", message), std::pair("description", description)}) {
    out.push_back(
        json_request(url(fmt::format("v2/alerts/{}/{}", alias, key)), tmpl::JsonObject().text_if(key, text).take()));
    out.back().method = "PUT";
  }
  return out;
}

Result<Prepared> OpsgenieReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  std::vector<net::HttpRequest> requests;
  if (n.firing()) {
    requests = create(n, alerts, expand);
  } else {
    const std::string path = fmt::format("v2/alerts/{}/close", group_key_hash(n.group_key));
    requests.push_back(json_request(url(path), tmpl::JsonObject().text("source", expand(config_.source)).take()));
  }
  if (expand.error()) return fail(templating_error(*expand.error()));
  TOCSIN_TRY(const std::string key_text, secret_or_file(config_.api_key, config_.api_key_file, "key"));
  const std::string expanded = expand(key_text);
  const std::string key(tmpl::trim_unicode(expanded));
  if (expand.error()) return fail(Errc::kInvalid, "failed to template OpsGenie's API key");
  keep_secret(key);
  for (net::HttpRequest& request : requests) request.headers.set("Authorization", "GenieKey " + key);
  Prepared prepared;
  prepared.request = std::move(requests.front());
  prepared.more.assign(std::make_move_iterator(requests.begin() + 1), std::make_move_iterator(requests.end()));
  return prepared;
}

SendOutcome OpsgenieReceiver::judge(const Notification&, const Prepared&, const net::HttpResponse& response) const {
  return judge_status(response, response.body.view(), kTooManyRequests);
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::OpsgenieConfig config) {
  return std::make_shared<OpsgenieReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
