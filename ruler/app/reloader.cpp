#include "app/reloader.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "base/log.hpp"

namespace tocsin::app {
namespace {

/// Reloads are rare and short; who waits for another one looks again after this.
constexpr Duration kTurn = std::chrono::milliseconds(10);

/// Nobody edits files faster than this.
constexpr Duration kShortestInterval = std::chrono::seconds(1);

}  // namespace

Reloader::Reloader(net::TaskLoop& loop, WorkPool& work, std::vector<ReloadPart> parts)
    : loop_(loop), work_(work), parts_(std::move(parts)) {}

net::Task<void> Reloader::take_turn() {
  while (busy_) co_await net::sleep_for(loop_, kTurn);
  busy_ = true;
}

/// A file that cannot be read, or is no YAML, has one too: the reload then says what is wrong.
net::Task<std::string> Reloader::checksum(std::size_t part) {
  std::function<Result<std::string>()> job = parts_[part].checksum;
  const Result<std::string> sum = co_await net::run_on(loop_, work_.lane(Lane::kRule), std::move(job));
  co_return sum ? *sum : "error: " + sum.error().message;
}

net::Task<Result<void>> Reloader::reload_part(std::size_t part) {
  Result<void> done = co_await parts_[part].reload();
  if (!done) {
    log::error("config", "the configuration was not reloaded; the former one stays",
               {{"file", parts_[part].name}, {"err", done.error().message}});
  }
  co_return done;
}

net::Task<Result<void>> Reloader::reload() {
  co_await take_turn();
  Result<void> result;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    parts_[part].seen = co_await checksum(part);
    Result<void> done = co_await reload_part(part);
    if (!done && result) result = std::move(done);
  }
  busy_ = false;
  co_return result;
}

net::Task<Result<void>> Reloader::reload_only(std::string name) {
  co_await take_turn();
  Result<void> result;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    if (parts_[part].name != name) continue;
    parts_[part].seen = co_await checksum(part);
    result = co_await reload_part(part);
  }
  busy_ = false;
  co_return result;
}

void Reloader::watch(Duration interval) {
  interval = std::max(interval, kShortestInterval);
  log::info("config", "Automatic configuration file reloading enabled", {{"interval", format_duration(interval)}});
  loop_.spawn("watch the configuration", watch_files(interval));
}

net::Task<void> Reloader::watch_files(Duration interval) {
  for (;;) {
    co_await net::sleep_for(loop_, interval);
    for (std::size_t part = 0; part < parts_.size(); ++part) co_await look(part);
  }
}

net::Task<void> Reloader::look(std::size_t part) {
  co_await take_turn();
  std::string current = co_await checksum(part);
  if (current != parts_[part].seen) {
    parts_[part].seen = std::move(current);
    log::info("config", "Configuration file change detected, reloading the configuration.",
              {{"file", parts_[part].name}});
    (void)co_await reload_part(part);
  }
  busy_ = false;
}

}  // namespace tocsin::app
