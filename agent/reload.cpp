// Reading agent.yml, at the start and again.

#include "agent/agent.hpp"
#include "base/log.hpp"

namespace tocsin::agent {
namespace {

/// Reloads are rare and short; who waits for another one looks again after this.
constexpr Duration kTurn = std::chrono::milliseconds(10);

}  // namespace

Result<Agent::Prepared> Agent::prepare(Fs& fs, const Flags& flags, std::span<const exporters::SourceInfo> kinds,
                                       const yaml::Node& before, bool first) {
  Prepared prepared;
  prepared.config.node = flags.node;
  if (!flags.config_file.empty()) {
    TOCSIN_TRY(prepared.config, read_config(fs, flags.config_file, flags.node, kinds));
  }
  if (!first && is_same(before, prepared.config.node_section)) return prepared;
  TOCSIN_TRY(prepared.collectors, make_collectors(prepared.config, fs));
  return prepared;
}

Result<void> Agent::apply(Prepared prepared) {
  TOCSIN_TRY(auto sources, sources_.prepare(std::move(prepared.config.sources)));
  TOCSIN_TRY(auto addresses, listeners_.prepare(sources));
  for (const std::string& warning : prepared.config.warnings) log::warn("config", warning);
  sources_.commit(std::move(sources));
  listeners_.commit(std::move(addresses));
  if (prepared.collectors) gatherer_.set_collectors(std::move(*prepared.collectors));
  node_section_ = std::move(prepared.config.node_section);
  std::vector<std::shared_ptr<Asked>> targets;
  for (const RunningSource& source : sources_.running()) {
    targets.insert(targets.end(), source.targets.begin(), source.targets.end());
  }
  gatherer_.set_targets(std::move(targets));
  reloaded_at_ = runtime_.loop().clock().now();
  return {};
}

net::Task<Result<void>> Agent::reload() {
  if (flags_.config_file.empty()) co_return Result<void>{};
  while (reloading_) co_await net::sleep_for(runtime_.loop(), kTurn);
  reloading_ = true;
  auto read = [fs = &fs_, flags = flags_, kinds = kinds_, before = node_section_] {
    return prepare(*fs, flags, kinds, before, false);
  };
  auto prepared = co_await net::run_on(runtime_.loop(), runtime_.work().lane(Lane::kQuery), std::move(read));
  Result<void> done = prepared ? apply(std::move(*prepared)) : fail(std::move(prepared).error());
  reload_ok_ = done.has_value();
  if (done) {
    log::info("config", "the configuration was read again", {{"file", flags_.config_file}});
  } else {
    log::error("config", "the configuration was not reloaded; the former one stays",
               {{"file", flags_.config_file}, {"err", done.error().message}});
  }
  reloading_ = false;
  co_return done;
}

net::Task<net::HttpResponse> Agent::reload_now() {
  const Result<void> done = co_await reload();
  if (done) co_return plain_text(200, "");
  co_return plain_text(500, fmt::format("failed to reload config: {}\n", done.error().message));
}

}  // namespace tocsin::agent
