#include <algorithm>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "discovery/discoverer.hpp"
#include "discovery/group_ledger.hpp"

namespace tocsin::discovery {
namespace {

/// The discoverer, shared with its question under way. Thread: the loop's.
class Refresher : public std::enable_shared_from_this<Refresher> {
 public:
  Refresher(const Services& services, std::string mechanism, Duration interval, RefreshFn refresh)
      : loop_(services.loop),
        stats_(services.stats),
        key_(std::move(mechanism), services.config_name),
        interval_(std::max(interval, kLeastInterval)),
        refresh_(std::move(refresh)) {
    ++stats_->refreshes[key_].users;
  }

  void start(GroupsListener listener) {
    listener_ = std::make_shared<const GroupsListener>(std::move(listener));
    due_ = loop_.clock().mono();
    begin();
  }

  void close() {
    listener_ = nullptr;
    loop_.cancel(timer_);
    if (--stats_->refreshes[key_].users == 0) stats_->refreshes.erase(key_);
  }

 private:
  void begin() { loop_.spawn("discovery", ask(shared_from_this())); }

  static net::Task<void> ask(std::shared_ptr<Refresher> self) {
    const MonoTime begun = self->loop_.clock().mono();
    auto groups = co_await self->refresh_();
    if (!self->listener_) co_return;
    self->count(self->loop_.clock().mono() - begun, groups);
    self->wait();
    if (groups) self->tell(std::move(*groups));
  }

  void count(Duration took, const Result<std::vector<TargetGroup>>& groups) {
    RefreshStats& stats = stats_->refreshes[key_];
    stats.durations.add(took);
    if (groups) {
      stats.last_success = loop_.clock().now();
      if (std::exchange(failing_, false)) {
        log::info("discovery", "target groups can be refreshed again",
                  {{"discovery", key_.first}, {"config", key_.second}});
      }
    } else {
      ++stats.failures;
      if (!std::exchange(failing_, true)) {
        log::error("discovery", "Unable to refresh target groups",
                   {{"discovery", key_.first}, {"config", key_.second}, {"err", groups.error().message}});
      }
    }
  }

  /// To the next point of the grid; at once if the question went past it.
  void wait() {
    const MonoTime now = loop_.clock().mono();
    due_ += interval_ * std::max<std::int64_t>((now - due_) / interval_, 1);
    timer_ = loop_.call_at(std::max(due_, now), [this] { begin(); });
  }

  void tell(std::vector<TargetGroup> groups) {
    std::map<std::string, std::uint64_t> found;
    std::vector<TargetGroup> changed;
    for (TargetGroup& group : groups) {
      if (group.targets.empty()) continue;
      const std::uint64_t print = fingerprint(group);
      const auto last = told_.find(group.source);
      const bool is_known = last != told_.end() && last->second == print;
      found[group.source] = print;
      if (!is_known) changed.push_back(std::move(group));
    }
    for (const auto& [source, print] : told_) {
      if (!found.contains(source)) changed.push_back({source, {}, {}});
    }
    told_ = std::move(found);
    const bool is_first = !std::exchange(has_spoken_, true);
    if (changed.empty() && !is_first) return;
    const auto listener = listener_;  // it may close us
    (*listener)(std::move(changed));
  }

  net::TaskLoop& loop_;
  const std::shared_ptr<Stats> stats_;
  const std::pair<std::string, std::string> key_;
  const Duration interval_;
  const RefreshFn refresh_;
  std::shared_ptr<const GroupsListener> listener_;  // null: closed
  MonoTime due_{0};
  TimerId timer_ = 0;
  std::map<std::string, std::uint64_t> told_;  // fingerprints by source
  bool has_spoken_ = false, failing_ = false;
};

class RefreshDiscoverer final : public Discoverer {
 public:
  explicit RefreshDiscoverer(std::shared_ptr<Refresher> refresher) : refresher_(std::move(refresher)) {}
  ~RefreshDiscoverer() override { refresher_->close(); }
  void start(GroupsListener listener) override { refresher_->start(std::move(listener)); }

 private:
  std::shared_ptr<Refresher> refresher_;
};

}  // namespace

std::unique_ptr<Discoverer> make_refresh_discoverer(const Services& services, std::string mechanism, Duration interval,
                                                    RefreshFn refresh) {
  return std::make_unique<RefreshDiscoverer>(
      std::make_shared<Refresher>(services, std::move(mechanism), interval, std::move(refresh)));
}

}  // namespace tocsin::discovery
