#include "notify/kinds.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

class MsteamsReceiver final : public KindReceiver<config::MsteamsConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
};

Result<Prepared> MsteamsReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  tmpl::JsonObject json;
  json.text("@context", "http://schema.org/extensions").text("type", "MessageCard");
  json.text("title", expand(config_.title)).text("summary", expand(config_.summary));
  json.text("text", expand(config_.text)).text("themeColor", n.firing() ? "8C1A1A" : "2DC72D");
  if (expand.error()) return fail(Error(*expand.error()));
  TOCSIN_TRY(std::string url, secret_or_file(config_.webhook_url, config_.webhook_url_file, "webhook_url"));
  return Prepared{json_request(std::move(url), json.take()), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::MsteamsConfig config) {
  return std::make_shared<MsteamsReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
