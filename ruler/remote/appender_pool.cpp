#include "remote/appender_pool.hpp"

namespace tocsin::remote {

AppenderPool::~AppenderPool() {
  for (const auto& slot : slots_) slot->appender.reset();
}

AppenderPool::Lease::~Lease() {
  if (!slot_) return;
  if (slot_->appender) slot_->appender->rollback();
  slot_->taken = false;
}

AppenderPool::Lease AppenderPool::take(const std::string& sender) {
  std::shared_ptr<Slot> idle;
  for (const auto& slot : slots_) {
    if (slot->taken) continue;
    if (slot->sender == sender) {
      idle = slot;
      break;
    }
    if (!idle || slot->used < idle->used) idle = slot;
  }
  if (!idle || (idle->sender != sender && slots_.size() < capacity_)) {
    idle = slots_.emplace_back(std::make_shared<Slot>());
    idle->appender = store_.appender();
  }
  idle->sender = sender;
  idle->taken = true;
  idle->used = ++clock_;
  return Lease(idle);
}

}  // namespace tocsin::remote
