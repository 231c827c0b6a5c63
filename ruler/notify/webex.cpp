#include "notify/kinds.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxMessageBytes = 7439;

class WebexReceiver final : public KindReceiver<config::WebexConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
};

Result<Prepared> WebexReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  tmpl::JsonObject json;
  json.text("markdown", tmpl::truncate_bytes(expand(config_.message), kMaxMessageBytes));
  json.text_if("roomId", expand(config_.room_id));
  if (expand.error()) return fail(Error(*expand.error()));
  return Prepared{json_request(config_.api_url, json.take()), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::WebexConfig config) {
  return std::make_shared<WebexReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
