#include "alerting/under_way.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tocsin::alerting {

UnderWay::UnderWay(Loop& loop, state::Store& store)
    : loop_(&loop), store_(&store), self_(std::make_shared<UnderWay*>(this)) {}

UnderWay::~UnderWay() {
  *self_ = nullptr;
  for (const auto& [id, batch] : batches_) {
    if (batch.timer != 0) loop_->cancel(batch.timer);
  }
}

Result<void> UnderWay::load(NotificationLog& log, Timestamp expires_at) {
  TOCSIN_TRY(const std::vector<state::StoredUnderWay> stored, store_->load_under_way());
  std::size_t owed = 0;
  for (const state::StoredUnderWay& one : stored) {
    owed += log.owe(one.note, expires_at) ? 1 : 0;
    store_->remove_under_way(one.batch);
    last_ = std::max(last_, one.batch);
  }
  if (owed > 0) {
    log::info("alerting", "notifications were under way at the end of the last run; their resolves will be told",
              {{"notifications", owed}});
  }
  return {};
}

std::uint64_t UnderWay::note(state::UnderWayNote note) {
  if (!std::exchange(gathering_, true)) {
    batches_.try_emplace(++last_);
    loop_->post([self = self_, id = last_] {
      if (*self != nullptr) (*self)->write(id);
    });
  }
  Batch& batch = batches_[last_];
  batch.notes.push_back(std::move(note));
  ++batch.left;
  return last_;
}

void UnderWay::when_noted(std::uint64_t batch, Job begin) {
  batches_[batch].waiting.push_back(std::move(begin));
}

void UnderWay::write(std::uint64_t id) {
  const auto found = batches_.find(id);
  if (found == batches_.end()) return;  // all of it was canceled
  gathering_ = false;
  store_->save_under_way(id, std::exchange(found->second.notes, {}));
  const auto begin = [self = self_, id] {
    if (*self != nullptr) (*self)->begin(id);
  };
  found->second.timer = loop_->call_after(kLongestWait, begin);
  store_->when_written([loop = loop_, begin](bool) { loop->post(begin); });
}

void UnderWay::begin(std::uint64_t id) {
  const auto found = batches_.find(id);
  if (found == batches_.end()) return;
  if (found->second.timer != 0) loop_->cancel(std::exchange(found->second.timer, 0));
  for (Job& job : std::exchange(found->second.waiting, {})) job();
}

void UnderWay::ended(std::uint64_t id) {
  const auto found = batches_.find(id);
  if (found == batches_.end() || --found->second.left > 0) return;
  const bool written = found->second.notes.empty();
  if (found->second.timer != 0) loop_->cancel(found->second.timer);
  batches_.erase(found);
  if (written) {
    store_->remove_under_way(id);
  } else {
    gathering_ = false;
  }
}

}  // namespace tocsin::alerting
