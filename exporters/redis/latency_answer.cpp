#include "exporters/redis/answers.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxBuckets = 1000;  // of one command; Redis has some 40

/// Microseconds of a command and its subcommands: "config" and "config|get".
double microseconds_of(const CommandStats& commands, std::string_view command) {
  double total = 0;
  for (auto it = commands.lower_bound(command); it != commands.end() && it->first.starts_with(command); ++it) {
    if (it->first.size() == command.size() || it->first[command.size()] == '|') total += it->second.microseconds;
  }
  return total;
}

}  // namespace

/// Each: event, time of the last spike, its milliseconds, the longest.
void put_latency_spikes(Metrics& metrics, const Reply& latest) {
  latest.each([&](const Reply& event) {
    if (event.size() < 4) return;
    const std::string_view name = event.at(0)->text();
    const auto last = event.at(1)->integer(), milliseconds = event.at(2)->integer();
    if (!last || !milliseconds) return;
    metrics.gauge("redis_latency_spike_last", static_cast<double>(*last), {{"event_name", name}});
    metrics.gauge("redis_latency_spike_duration_seconds", static_cast<double>(*milliseconds) / 1e3,
                  {{"event_name", name}});
  });
}

/// Each command: "calls", count, "histogram_usec", [bound, cumulative count, ...].
void put_latency_histograms(Metrics& metrics, const Reply& histograms, const CommandStats& commands) {
  std::vector<expo::Bucket> buckets;
  histograms.each_pair([&](const Reply& command, const Reply& details) {
    if (details.size() < 4) return;
    const auto calls = details.at(1)->integer();
    const Reply bounds = *details.at(3);
    if (!calls || bounds.size() > 2 * kMaxBuckets) return;
    buckets.clear();
    bounds.each_pair([&](const Reply& bound, const Reply& count) {
      const auto microseconds = bound.integer(), cumulative = count.integer();
      if (!microseconds || !cumulative) return;
      buckets.push_back({static_cast<double>(*microseconds), static_cast<double>(*cumulative)});
    });
    metrics.histogram("redis_commands_latencies_usec", {{"cmd", command.text()}}, buckets,
                      microseconds_of(commands, command.text()), static_cast<double>(*calls));
  });
}

void put_slow_log(Metrics& metrics, const Reply& length, const Reply& entries) {
  if (const auto count = length.integer()) metrics.gauge("redis_slowlog_length", static_cast<double>(*count));
  if (!entries.is_array()) return;
  double id = 0, seconds = 0;
  if (const auto entry = entries.at(0); entry && entry->size() > 2) {
    id = static_cast<double>(entry->at(0)->integer().value_or(0));
    seconds = static_cast<double>(entry->at(2)->integer().value_or(0)) / 1e6;
  }
  metrics.gauge("redis_slowlog_last_id", id);
  metrics.gauge("redis_last_slow_execution_duration_seconds", seconds);
}

}  // namespace tocsin::exporters::redis
