#include "base/log.hpp"
#include "base/strings.hpp"
#include "notify/kinds.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

// https://developers.mattermost.com/integrate/webhooks/incoming/#tips-and-best-practices
constexpr std::size_t kMaxTextRunes = 16383;

std::string fields_json(const std::vector<config::MattermostField>& fields, Expander& expand) {
  std::string out;
  for (const config::MattermostField& field : fields) {
    tmpl::JsonObject json;
    json.text_if("title", expand(field.title)).text_if("value", expand(field.value));
    if (field.is_short) json.flag("short", *field.is_short);
    (out += out.empty() ? "" : ",") += json.take();
  }
  return "[" + out + "]";
}

std::string attachment_json(const config::MattermostAttachment& c, Expander& expand) {
  tmpl::JsonObject json;
  json.text_if("fallback", expand(c.fallback)).text_if("color", expand(c.color)).text_if("pretext", expand(c.pretext));
  json.text_if("text", expand(c.text)).text_if("author_name", expand(c.author_name));
  json.text_if("author_link", expand(c.author_link)).text_if("author_icon", expand(c.author_icon));
  json.text_if("title", expand(c.title)).text_if("title_link", expand(c.title_link));
  if (!c.fields.empty()) json.raw("fields", fields_json(c.fields, expand));
  json.text_if("thumb_url", expand(c.thumb_url)).text_if("footer", expand(c.footer));
  return json.text_if("footer_icon", expand(c.footer_icon)).text_if("image_url", expand(c.image_url)).take();
}

class MattermostReceiver final : public KindReceiver<config::MattermostConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
  SendOutcome judge(const Notification& n, const Prepared& prepared, const net::HttpResponse& response) const override;

 private:
  std::string attachments(Expander& expand) const;
  /// What Mattermost would refuse is put right, with a warning.
  std::string priority(const Notification& n, Expander& expand) const;
};

std::string MattermostReceiver::attachments(Expander& expand) const {
  if (config_.attachments.empty()) return "[" + attachment_json(config_.own, expand) + "]";
  std::string out;
  for (const config::MattermostAttachment& a : config_.attachments) {
    (out += out.empty() ? "" : ",") += attachment_json(a, expand);
  }
  return "[" + out + "]";
}

std::string MattermostReceiver::priority(const Notification& n, Expander& expand) const {
  const config::MattermostPriority& wanted = *config_.priority;
  const auto warn = [&n](std::string_view what) {
    log::warn("notify", what, {{"integration", "mattermost"}, {"group", n.group_key}});
  };
  std::string level = to_lower(expand(wanted.priority));
  if (level != "urgent" && level != "important" && level != "standard") {
    warn("priority is set to standard due to invalid value");
    level = "standard";
  }
  const bool ack = wanted.requested_ack && level != "standard";
  if (ack != wanted.requested_ack) warn("requested_ack is set to false due to priority is standard");
  const bool persistent = wanted.persistent_notifications && level == "urgent";
  if (persistent != wanted.persistent_notifications) {
    warn("persistent_notifications is set to false due to priority is not urgent");
  }
  tmpl::JsonObject json;
  json.text("priority", level);
  if (ack) json.flag("requested_ack", true);
  if (persistent) json.flag("persistent_notifications", true);
  return json.take();
}

Result<Prepared> MattermostReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  TOCSIN_TRY(std::string url, secret_or_file(config_.webhook_url, config_.webhook_url_file, "webhook_url"));
  if (url.empty()) return fail(Errc::kInvalid, "webhook url missing");
  tmpl::JsonObject json;
  if (!config_.attachments.empty()) {
    json.text_if("text", truncated(expand(config_.own.text), kMaxTextRunes, "text", n));
  }
  std::string channel = expand(config_.channel);
  json.text_if("channel", channel).text_if("username", expand(config_.username));
  json.text_if("icon_url", expand(config_.icon_url)).text_if("icon_emoji", expand(config_.icon_emoji));
  json.raw("attachments", attachments(expand)).text_if("type", expand(config_.type));
  if (config_.props && !config_.props->card.empty()) {
    json.raw("props", tmpl::JsonObject().text_if("card", expand(config_.props->card)).take());
  }
  if (config_.priority && !config_.priority->priority.empty()) json.raw("priority", priority(n, expand));
  if (expand.error()) return fail(Error(*expand.error()));
  return Prepared{json_request(std::move(url), json.take()), std::move(channel), {}};
}

SendOutcome MattermostReceiver::judge(const Notification&, const Prepared& prepared,
                                      const net::HttpResponse& response) const {
  SendOutcome outcome = judge_status(response, response.body.view());
  if (outcome.error.empty()) return outcome;
  outcome.error = fmt::format("channel {}: {}", go_quote(prepared.channel), outcome.error);
  return outcome;
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::MattermostConfig config) {
  return std::make_shared<MattermostReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
