#include "web/config_file.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tocsin::web {
namespace {

constexpr Duration kLookInterval = std::chrono::seconds(1);
constexpr Duration kPatience = std::chrono::milliseconds(100);

}  // namespace

Result<std::unique_ptr<ConfigFile>> ConfigFile::open(net::TaskLoop& loop, WorkPool& work, Fs& fs, std::string path) {
  std::unique_ptr<ConfigFile> file(new ConfigFile(loop, work, fs, std::move(path)));
  TOCSIN_TRY(file->current_, load_web_config(fs, file->path_, &file->seen_));
  TOCSIN_OK(check_http2_ciphers(*file->current_));
  file->looked_at_ = loop.clock().mono();
  file->stats_.last_success = loop.clock().now();
  return file;
}

net::Task<std::shared_ptr<const WebConfig>> ConfigFile::fresh() {
  if (!looking_ && loop_.clock().mono() - looked_at_ < kLookInterval) co_return current_;
  if (!looking_) {
    looking_ = true;
    looked_at_ = loop_.clock().mono();
    loop_.spawn("web_config", refresh());
  }
  if (looking_) co_await waiters_.wait(loop_, loop_.clock().mono() + kPatience);
  co_return current_;
}

ConfigFile::Look ConfigFile::look(Fs& fs, const std::string& path, const std::vector<SeenFile>& before) {
  Look look;
  look.changed = std::ranges::any_of(before, [&fs](const SeenFile& file) { return look_at(fs, file.path) != file; });
  if (!look.changed) return look;
  if (auto loaded = load_web_config(fs, path, &look.seen)) {
    look.config = std::move(*loaded);
  } else {
    look.error = loaded.error().message;
  }
  return look;
}

net::Task<void> ConfigFile::refresh() {
  std::function<Look()> job = [&fs = fs_, path = path_, before = seen_] { return look(fs, path, before); };
  Look found = co_await net::run_on(loop_, work_.lane(Lane::kQuery), std::move(job));
  if (found.changed) take(std::move(found));
  looking_ = false;
  waiters_.wake();
}

void ConfigFile::take(Look look) {
  seen_ = std::move(look.seen);
  if (look.config == nullptr) return refuse(look.error);
  if ((look.config->tls != nullptr) != (current_->tls != nullptr)) {
    return refuse(path_ + ": TLS cannot be switched on or off while the process runs");
  }
  current_ = std::move(look.config);
  stats_.last_reload_successful = true;
  stats_.last_success = loop_.clock().now();
  log::info("web", "loaded the web configuration", {{"file", path_}});
}

void ConfigFile::refuse(const std::string& why) {
  stats_.last_reload_successful = false;
  log::error("web", "the web configuration was not reloaded; the former one stays", {{"err", why}});
}

}  // namespace tocsin::web
