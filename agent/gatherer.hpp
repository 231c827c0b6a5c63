#pragma once
// One scrape of the agent: asks collectors and servers, waits for each until its deadline, and gives their pages.
//
// Nothing is asked twice at once: scrapes that come together share the call under way. One that is late keeps its last
// page, which is served with its age (tocsin_collector_age_seconds); the scrape goes on without it.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/asked.hpp"
#include "agent/collector_threads.hpp"
#include "agent/reply_batch.hpp"
#include "base/clock.hpp"
#include "expo/writer.hpp"
#include "exporters/collector/collector.hpp"
#include "exporters/collector/loop_anchor.hpp"
#include "net/task.hpp"

namespace tocsin::agent {

/// Stands for all collectors of the node in collect[] and exclude[].
inline constexpr std::string_view kNode = "node";

struct GatherOptions {
  Duration deadline = std::chrono::seconds(5);            // of the node's collectors
  Duration stuck_after = std::chrono::milliseconds(500);  // then others no longer wait for a collector
};

/// What a scrape is about. Names are those of collectors, of kinds of servers, and "node".
struct Selection {
  std::set<std::string, std::less<>> only;  // empty: everything
  std::set<std::string, std::less<>> without;
  bool has(const Asked& asked) const;
};

using Pages = std::vector<std::shared_ptr<const expo::RenderedPage>>;

/// The pages of one scrape, in the order of names; and whose they are.
struct Gathered {
  struct Item {
    std::shared_ptr<Asked> asked;
    bool late = false;   // there was no answer in time
    bool early = false;  // it was not asked: its min_interval is not over
  };
  std::vector<Item> items;
  Pages pages;
};

/// Thread: the loop's; collectors run on CollectorThreads, servers are asked by tasks. May go before the loop, or after
/// it if the anchor was closed.
class Gatherer {
 public:
  Gatherer(net::TaskLoop& loop, std::shared_ptr<exporters::LoopAnchor> anchor, GatherOptions options);
  ~Gatherer();

  /// Replaces the node's collectors. Calls under way end in the void.
  void set_collectors(exporters::Collectors collectors);
  /// Replaces the servers, whose calls under way end in the void unless they are among the new ones.
  void set_targets(std::vector<std::shared_ptr<Asked>> targets);

  /// The name stands for something that is asked.
  bool has(std::string_view name) const;
  /// In the order of collectors' names, then as the servers were set.
  const std::vector<std::shared_ptr<Asked>>& asked() const { return asked_; }
  /// Asks what is selected, and waits for each until its deadline, but `limit` at most. What was asked within
  /// `fresh_for` is not asked again.
  net::Task<Gathered> gather(Selection selection, Duration limit, Duration fresh_for = Duration::zero());
  /// node_scrape_collector_* and tocsin_collector_* of a scrape; with `ages_only` no more than the ages of old values.
  std::shared_ptr<const expo::RenderedPage> about(const Gathered& gathered, bool ages_only);

 private:
  struct Round;
  void start(const std::shared_ptr<Asked>& asked, MonoTime now);
  void start_on_thread(const std::shared_ptr<Asked>& asked);
  static net::Task<void> run_task(std::shared_ptr<Gatherer*> self, net::TaskLoop* loop, std::shared_ptr<Asked> asked);
  static void take_replies(const std::shared_ptr<Gatherer*>& self, std::vector<Reply> replies);
  void finished(const std::shared_ptr<Asked>& asked, Answered answer);
  void watch();

  net::TaskLoop& loop_;
  std::shared_ptr<exporters::LoopAnchor> anchor_;
  GatherOptions options_;
  std::shared_ptr<Gatherer*> self_;  // null once this has gone: for calls that outlive it
  std::shared_ptr<ReplyBatch> replies_;
  CollectorThreads threads_;
  std::vector<std::shared_ptr<Asked>> asked_;  // the first local_ of them are the node's
  std::size_t local_ = 0;
  std::vector<std::weak_ptr<Round>> rounds_;  // that wait now
  std::size_t on_threads_ = 0;                // calls that run on threads_
  bool watching_ = false;
  expo::Page about_page_, ages_page_;
};

}  // namespace tocsin::agent
