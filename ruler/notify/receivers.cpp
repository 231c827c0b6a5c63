#include "notify/receivers.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "notify/check_texts.hpp"
#include "notify/kinds.hpp"

namespace tocsin::notify {

namespace {

net::Task<void> deliver(std::shared_ptr<Receiver> receiver, NotificationPtr notification, MonoTime deadline,
                        alerting::DeliveryDone done) {
  SendOutcome outcome = co_await receiver->send(std::move(notification), deadline);
  done(std::move(outcome));
}

alerting::NotifyFn notify_fn(net::TaskLoop& loop, std::string name, std::shared_ptr<Receiver> receiver) {
  return [&loop, task = "notify " + std::move(name), receiver = std::move(receiver)](
             NotificationPtr notification, MonoTime deadline, alerting::DeliveryDone done) {
    loop.spawn(task, deliver(receiver, std::move(notification), deadline, std::move(done)));
  };
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Result<tmpl::AmTemplates> load_templates(Fs& fs, const config::AlertmanagerConfig& config) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& pattern : config.templates) {
    TOCSIN_TRY(const std::vector<std::string> paths, glob(fs, pattern));
    for (const std::string& path : paths) {
      TOCSIN_TRY(std::string text, fs.read_file(path, tmpl::kMaxTemplateBytes));
      files.emplace_back(base_name(path), std::move(text));
    }
  }
  return tmpl::AmTemplates::load(files);
}

Result<tmpl::AmTemplates> load_checked_templates(Fs& fs, const config::AlertmanagerConfig& config) {
  TOCSIN_TRY(tmpl::AmTemplates templates, load_templates(fs, config));
  for (const std::string& mistake : check_texts(config, templates)) {
    log::warn("notify", "a template cannot run: what uses it will not be sent as it is meant", {{"err", mistake}});
  }
  return templates;
}

std::shared_ptr<const Rendering> make_rendering(tmpl::AmTemplates templates, std::string external_url,
                                                std::shared_ptr<tmpl::PlainTexts> plain_texts) {
  if (plain_texts) templates.fall_back_to_plain(std::move(plain_texts));
  return std::make_shared<const Rendering>(Rendering{std::move(templates), std::move(external_url)});
}

Result<alerting::ReceiverMap> make_receivers(const config::AlertmanagerConfig& config, const std::string& external_url,
                                             Services services) {
  TOCSIN_TRY(tmpl::AmTemplates templates, load_checked_templates(services.fs, config));
  return make_receivers(config, make_rendering(std::move(templates), external_url, services.plain_texts), services);
}

alerting::ReceiverMap make_receivers(const config::AlertmanagerConfig& config,
                                     const std::shared_ptr<const Rendering>& rendering, const Services& services) {
  alerting::ReceiverMap out;
  for (const config::ReceiverConfig& receiver : config.receivers) {
    std::vector<alerting::Integration>& integrations = out[receiver.name];
    config::for_each_kind([&](auto kind) {
      std::uint32_t index = 0;
      for (const auto& integration : receiver.*kind) {
        const std::string name(integration.kKind);
        integrations.push_back({name, index++, integration.send_resolved,
                                notify_fn(services.loop, name, make_receiver(services, rendering, integration))});
      }
    });
  }
  return out;
}

}  // namespace tocsin::notify
