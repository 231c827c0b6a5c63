#include "notify/kinds.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

class Msteamsv2Receiver final : public KindReceiver<config::Msteamsv2Config> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;

 private:
  std::string card(const Notification& n, Expander& expand) const;
};

std::string Msteamsv2Receiver::card(const Notification& n, Expander& expand) const {
  tmpl::JsonObject title, text, card;
  title.text("type", "TextBlock").text("text", expand(config_.title)).text("weight", "Bolder");
  title.text("size", "Medium").flag("wrap", true).text("style", "heading");
  title.text("color", n.firing() ? "Attention" : "Good");
  text.text("type", "TextBlock").text("text", expand(config_.text)).flag("wrap", true);
  card.text("$schema", "http://adaptivecards.io/schemas/adaptive-card.json").text("type", "AdaptiveCard");
  card.text("version", "1.2").raw("body", "[" + title.take() + "," + text.take() + "]");
  return card.raw("msteams", R"({"width":"full"})").take();
}

Result<Prepared> Msteamsv2Receiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  tmpl::JsonObject attachment, json;
  attachment.text("contentType", "application/vnd.microsoft.card.adaptive").raw("contentUrl", "null");
  attachment.raw("content", card(n, expand));
  json.text("type", "message").raw("attachments", "[" + attachment.take() + "]");
  if (expand.error()) return fail(Error(*expand.error()));
  TOCSIN_TRY(std::string url, secret_or_file(config_.webhook_url, config_.webhook_url_file, "webhook_url"));
  return Prepared{json_request(std::move(url), json.take()), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::Msteamsv2Config config) {
  return std::make_shared<Msteamsv2Receiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
