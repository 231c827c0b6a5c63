#include "discovery/kubernetes_joiner.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

constexpr Duration kCoalesce = std::chrono::milliseconds(150);
constexpr std::size_t kPortion = 100;  // groups at a time

/// The job of a lane: which objects name one that changed.
struct Match {
  std::vector<ObjectPtr> objects;
  Attach attach;
  std::map<Kind, std::set<std::string>> dirty;
  std::set<std::string> operator()() const {
    std::set<std::string> out;
    for (const ObjectPtr& object : objects) {
      bool hit = false;
      visit_references(
          *object, attach, [](Kind, const std::string&) { return ObjectPtr(); },
          [&](Kind kind, const std::string& key) {
            const auto keys = dirty.find(kind);
            hit = hit || (keys != dirty.end() && keys->second.contains(key));
          });
      if (hit) out.insert(object->key());
    }
    return out;
  }
};

struct Made {
  TargetGroup group;
  std::uint64_t print = 0;
};

/// The job of a lane: the groups themselves.
struct Make {
  struct Item {
    std::string source;
    ObjectPtr object;  // nullptr: it is gone
    Related related;
  };
  std::vector<Item> items;
  Attach attach;
  std::vector<Made> operator()() const {
    std::vector<Made> out;
    for (const Item& item : items) {
      Made& made = out.emplace_back();
      made.group = item.object ? make_group(*item.object, attach, item.related) : TargetGroup{item.source, {}, {}};
      made.print = fingerprint(made.group);
    }
    return out;
  }
};

}  // namespace

Joiner::Joiner(std::shared_ptr<const Api> api, Kind role, Attach attach,
               std::vector<std::shared_ptr<Informer>> informers)
    : api_(std::move(api)), role_(role), attach_(attach), informers_(std::move(informers)) {}

void Joiner::start(GroupsListener listener) {
  listener_ = std::make_shared<const GroupsListener>(std::move(listener));
  const std::weak_ptr<Joiner> weak = weak_from_this();
  for (const auto& informer : informers_) {
    informer->start(
        [weak](Kind kind, const std::string& key) {
          if (const auto self = weak.lock()) self->changed(kind, key);
        },
        [weak] {
          if (const auto self = weak.lock()) self->synced();
        });
  }
}

void Joiner::close() {
  listener_ = nullptr;
  for (const auto& informer : informers_) informer->close();
}

void Joiner::changed(Kind kind, const std::string& key) {
  if (!has_spoken_ && !flushing_) return;  // the first word tells of all
  dirty_[kind].insert(key);
  wake();
}

void Joiner::synced() {
  const bool complete =
      std::all_of(informers_.begin(), informers_.end(), [](const auto& i) { return i->is_synced(); });
  if (!complete) return;
  Keys& keys = dirty_[role_];
  for (const ObjectPtr& object : all(role_)) keys.insert(object->key());
  wake();
}

void Joiner::wake() {
  if (listener_ && !std::exchange(flushing_, true)) api_->services.loop.spawn("discovery", flush(shared_from_this()));
}

ObjectPtr Joiner::find(Kind kind, const std::string& key) const {
  for (const auto& informer : informers_) {
    if (informer->scope().kind != kind) continue;
    if (ObjectPtr object = informer->find(key)) return object;
  }
  return nullptr;
}

std::vector<ObjectPtr> Joiner::all(Kind kind) const {
  std::vector<ObjectPtr> out;
  for (const auto& informer : informers_) {
    if (informer->scope().kind != kind) continue;
    for (const auto& [key, object] : informer->objects()) out.push_back(object);
  }
  return out;
}

net::Task<void> Joiner::flush(Self self) {
  if (self->has_spoken_) co_await net::sleep_for(self->api_->services.loop, kCoalesce);
  std::vector<TargetGroup> news;
  const Keys keys = co_await find_affected(self, std::exchange(self->dirty_, {}));
  if (self->listener_) co_await make_groups(self, &keys, &news);
  self->flushing_ = false;
  if (!self->listener_) co_return;
  const bool is_first = !std::exchange(self->has_spoken_, true);
  if (!self->dirty_.empty()) self->wake();
  if (news.empty() && !is_first) co_return;
  const auto listener = self->listener_;  // it may close us
  (*listener)(std::move(news));
}

/// Keys of the role's objects whose groups may be others now.
net::Task<Joiner::Keys> Joiner::find_affected(Self self, Dirty dirty) {
  const Services& services = self->api_->services;
  Keys keys = std::move(dirty[self->role_]);
  dirty.erase(self->role_);
  const bool through_pods =
      self->role_ != Kind::kPod && (dirty.contains(Kind::kReplicaSet) || dirty.contains(Kind::kJob));
  if (through_pods) {
    Match job{self->all(Kind::kPod), self->attach_, dirty};
    job.attach.node = job.attach.namespace_ = false;
    Keys pods = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
    dirty[Kind::kPod].merge(pods);
  }
  if (!dirty.empty()) {
    Match job{self->all(self->role_), self->attach_, std::move(dirty)};
    Keys found = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
    keys.merge(found);
  }
  co_return keys;
}

net::Task<void> Joiner::make_groups(Self self, const Keys* keys, std::vector<TargetGroup>* news) {
  const Services& services = self->api_->services;
  const Find find = [&self](Kind kind, const std::string& key) { return self->find(kind, key); };
  for (auto key = keys->begin(); key != keys->end() && self->listener_;) {
    Make job{{}, self->attach_};
    for (; key != keys->end() && job.items.size() < kPortion; ++key) {
      Make::Item& item = job.items.emplace_back();
      item.source = source_of(self->role_, *key);
      item.object = self->find(self->role_, *key);
      if (!item.object) continue;
      item.related = Related(*item.object, self->attach_, find);
      self->warn_of_truncated(*item.object);
    }
    auto made = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
    for (Made& one : made) {
      if (self->ledger_.is_news(one.group, one.print)) news->push_back(std::move(one.group));
    }
  }
}

/// Kubernetes says so in a label. Source: Prometheus discovery/kubernetes/endpoints.go.
void Joiner::warn_of_truncated(const Object& object) {
  if (object.kind != Kind::kEndpoints) return;
  const std::string_view state = object.labels.get("endpoints.kubernetes.io/over-capacity");
  if (state != "truncated" && state != "warning") {
    truncated_.erase(object.key());
    return;
  }
  if (!truncated_.insert(object.key()).second) return;
  log::warn(
      "discovery",
      fmt::format("Number of endpoints in one Endpoints object exceeds 1000{}, please use \"role: endpointslice\" "
                  "instead",
                  state == "truncated" ? " and has been truncated" : ""),
      {{"config", api_->services.config_name}, {"endpoint", object.key()}});
}

}  // namespace tocsin::discovery::kubernetes
