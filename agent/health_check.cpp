#include "agent/health_check.hpp"

namespace tocsin::agent {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
constexpr Duration kFreshFor = std::chrono::seconds(30);
/// The processors' use is told of at least so long, and of five minutes at most.
constexpr Duration kShortestUse = std::chrono::milliseconds(250), kLongestUse = std::chrono::minutes(5);

const expo::RenderedPage* page_of(const Gathered& gathered, std::string_view collector) {
  for (const auto& [asked, late, early] : gathered.items) {
    if (asked->collector == collector) return asked->last.get();
  }
  return nullptr;
}

}  // namespace

net::Task<std::optional<HealthCheck::CpuSample>> HealthCheck::read_cpu() {
  const Gathered gathered = co_await gatherer_.gather({{"cpu"}, {}}, kPatience);
  const expo::RenderedPage* page = page_of(gathered, "cpu");
  const auto times = page == nullptr ? std::nullopt : cpu_times(*page);
  if (!times) co_return std::nullopt;
  co_return CpuSample{*times, loop_.clock().mono()};
}

net::Task<void> HealthCheck::read_system(SystemHealth* system) {
  const Gathered gathered = co_await gatherer_.gather({{"meminfo", "filesystem"}, {}}, kPatience);
  if (const auto* page = page_of(gathered, "meminfo")) system->memory_percent = memory_percent(*page);
  if (const auto* page = page_of(gathered, "filesystem")) system->disks = disks(*page);
  auto now = co_await read_cpu();
  if (!now) co_return;
  std::optional<CpuSample> before = cpu_;
  if (!before || now->at - before->at > kLongestUse || now->at - before->at < kShortestUse) {
    before = now;
    co_await net::sleep_for(loop_, kShortestUse);
    now = co_await read_cpu();
    if (!now) co_return;
  }
  system->cpu_percent = cpu_percent(before->times, now->times);
  cpu_ = now;
}

net::Task<HealthReport> HealthCheck::report(Parts parts) {
  HealthReport report;
  if ((parts == Parts::kAll || parts == Parts::kSystem) && gatherer_.has(kNode)) {
    report.has_system = true;
    co_await read_system(&report.system);
  }
  if (parts == Parts::kAll || parts == Parts::kDatabases) {
    Selection selection;
    for (const RunningSource& source : sources_.running()) {
      if (!source.targets.empty()) selection.only.emplace(source.section.info.kind);
    }
    if (!selection.only.empty()) co_await gatherer_.gather(std::move(selection), kPatience, kFreshFor);
    for (const RunningSource& source : sources_.running()) {
      if (!source.targets.empty()) report.sources.push_back({std::string(source.section.info.kind), source.targets});
    }
  }
  report.now = loop_.clock().now();
  report.mono = loop_.clock().mono();
  co_return report;
}

net::HttpResponse health_answer(HealthBody body) {
  net::HttpResponse response(body.health == Health::kUnhealthy ? 503 : 200, "application/json", body.json + "\n");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace tocsin::agent
