#pragma once
// One scrape of the agent: asks the collectors, waits for them until the deadline, and merges their pages.
//
// A collector is never asked twice at once. One that is late keeps its last good page, which is served with its age
// (tocsin_agent_collector_age_seconds); the scrape goes on without it.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/collector_threads.hpp"
#include "base/clock.hpp"
#include "expo/writer.hpp"
#include "exporters/collector/collector.hpp"
#include "net/task.hpp"

namespace tocsin::agent {

struct GatherOptions {
  Duration deadline = std::chrono::seconds(5);            // of a whole scrape, unless the scraper says less
  Duration stuck_after = std::chrono::milliseconds(500);  // then others no longer wait for a collector
};

/// Thread: the loop's; collectors run on CollectorThreads. May go before the loop, or after it if
/// it was closed.
class Gatherer {
 public:
  Gatherer(Loop& loop, exporters::Collectors collectors, GatherOptions options);
  ~Gatherer();
  /// Collectors that still run report to nobody from here on. Call before the loop goes.
  void close();

  bool has(std::string_view collector) const { return states_.contains(collector); }
  std::vector<std::string> names() const;
  /// Pages of the collectors named (all, if empty) and the page about them, in that order. Waits at most
  /// min(limit, options.deadline).
  net::Task<std::vector<std::shared_ptr<const expo::RenderedPage>>> gather(std::set<std::string> wanted,
                                                                           Duration limit);

 private:
  struct State;
  struct Round;
  struct Anchor;
  void start(const std::shared_ptr<State>& state);
  void finished(const std::shared_ptr<State>& state);
  void watch();
  std::shared_ptr<const expo::RenderedPage> about(const std::vector<std::shared_ptr<State>>& states);

  Loop& loop_;
  GatherOptions options_;
  CollectorThreads threads_;
  std::map<std::string, std::shared_ptr<State>, std::less<>> states_;
  std::vector<std::weak_ptr<Round>> rounds_;  // that wait now
  std::size_t running_ = 0;
  bool watching_ = false;
  expo::Page about_page_;
  std::shared_ptr<Anchor> anchor_;  // what a collector's thread posts back to
};

}  // namespace tocsin::agent
