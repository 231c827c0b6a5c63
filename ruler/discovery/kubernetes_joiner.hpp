#pragma once
// Joins the informers of one configuration to groups of targets, and tells those that changed.
//
//   informers ──changed──► dirty keys ──150 ms──► which groups tell of them? ──► make them on a lane ──► tell the news
//
// An object of the role is one group; objects of other kinds only lead to groups that name them. All that came within
// 150 ms is told at once, since each word makes the pool look at its targets. The first word waits for all informers.
// Thread: the loop's; matching and making run on the scrape lane, over immutable objects.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "discovery/group_ledger.hpp"
#include "discovery/kubernetes_groups.hpp"
#include "discovery/kubernetes_informer.hpp"

namespace tocsin::discovery::kubernetes {

/// Shared with its tasks; close() ends them at their next step.
class Joiner : public std::enable_shared_from_this<Joiner> {
 public:
  Joiner(std::shared_ptr<const Api> api, Kind role, Attach attach, std::vector<std::shared_ptr<Informer>> informers);
  void start(GroupsListener listener);
  void close();

 private:
  using Self = std::shared_ptr<Joiner>;
  using Keys = std::set<std::string>;
  using Dirty = std::map<Kind, Keys>;

  static net::Task<void> flush(Self self);
  static net::Task<Keys> find_affected(Self self, Dirty dirty);
  static net::Task<void> make_groups(Self self, const Keys* keys, std::vector<TargetGroup>* news);

  void changed(Kind kind, const std::string& key);
  void synced();
  void wake();
  ObjectPtr find(Kind kind, const std::string& key) const;
  std::vector<ObjectPtr> all(Kind kind) const;
  void warn_of_truncated(const Object& object);

  const std::shared_ptr<const Api> api_;
  const Kind role_;
  const Attach attach_;
  std::vector<std::shared_ptr<Informer>> informers_;
  std::shared_ptr<const GroupsListener> listener_;  // null: closed
  Dirty dirty_;
  GroupLedger ledger_;
  std::set<std::string> truncated_;  // endpoints that were warned of
  bool flushing_ = false, has_spoken_ = false;
};

}  // namespace tocsin::discovery::kubernetes
