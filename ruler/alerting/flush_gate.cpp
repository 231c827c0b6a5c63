#include "alerting/flush_gate.hpp"

#include <utility>
#include <vector>

namespace tocsin::alerting {
namespace {

constexpr std::size_t kPortion = 16;  // flushes that begin in one job of the loop

}  // namespace

FlushGate::Place& FlushGate::Place::operator=(Place&& other) noexcept {
  leave();
  counted_ = std::move(other.counted_);
  return *this;
}

void FlushGate::Place::leave() {
  if (const auto counted = std::exchange(counted_, nullptr); counted != nullptr && counted->gate != nullptr) {
    counted->gate->end(*counted);
  }
}

FlushGate::FlushGate(Loop& loop) : loop_(&loop), self_(std::make_shared<FlushGate*>(this)) {}

FlushGate::~FlushGate() {
  *self_ = nullptr;
  if (age_timer_ != 0) loop_->cancel(age_timer_);
  for (const std::shared_ptr<Counted>& counted : young_) counted->gate = nullptr;
}

FlushGate::Place FlushGate::enter(const std::string& receiver) {
  end_old();
  Lane& lane = lanes_[receiver];
  return lane.taken < kPlaces && lane.waiting.empty() ? take(lane) : Place();
}

FlushGate::Place FlushGate::take(Lane& lane) {
  ++lane.taken;
  auto counted = std::make_shared<Counted>(this, &lane, loop_->clock().mono() + kYouth);
  young_.push_back(counted);
  return Place(std::move(counted));
}

void FlushGate::wait(const std::string& receiver, std::move_only_function<void(Place)> job) {
  lanes_[receiver].waiting.push_back(std::move(job));
  ++waiting_;
  arm();
}

void FlushGate::clear() {
  for (auto& [receiver, lane] : lanes_) lane.waiting.clear();
  waiting_ = 0;
}

void FlushGate::end(Counted& counted) {
  counted.gate = nullptr;
  --counted.lane->taken;
  if (!counted.lane->waiting.empty()) schedule();
}

void FlushGate::schedule() {
  if (std::exchange(scheduled_, true)) return;
  loop_->post([self = self_] {
    if (*self == nullptr) return;
    (*self)->scheduled_ = false;
    (*self)->admit();
  });
}

void FlushGate::admit() {
  std::vector<std::pair<std::move_only_function<void(Place)>, Place>> portion;
  const auto may_enter = [](const Lane& lane) { return !lane.waiting.empty() && lane.taken < kPlaces; };
  bool more = true;
  while (more && portion.size() < kPortion) {
    more = false;
    for (auto& [receiver, lane] : lanes_) {  // one of each in turn
      if (!may_enter(lane)) continue;
      portion.emplace_back(std::move(lane.waiting.front()), take(lane));
      lane.waiting.pop_front();
      --waiting_;
      more = true;
    }
  }
  if (more) schedule();
  arm();
  const std::shared_ptr<FlushGate*> self = self_;
  for (auto& [job, place] : portion) {
    if (*self == nullptr) return;
    job(std::move(place));
  }
}

void FlushGate::arm() {
  if (waiting_ == 0 || age_timer_ != 0) return;
  end_old();
  if (young_.empty()) return;
  age_timer_ = loop_->call_at(young_.front()->until, [self = self_] {
    if (*self == nullptr) return;
    (*self)->age_timer_ = 0;
    (*self)->arm();
  });
}

void FlushGate::end_old() {
  const MonoTime now = loop_->clock().mono();
  while (!young_.empty() && (young_.front()->gate == nullptr || young_.front()->until <= now)) {
    if (young_.front()->gate != nullptr) end(*young_.front());
    young_.pop_front();
  }
}

}  // namespace tocsin::alerting
