#include "exporters/node/shared_source_file.hpp"

#include <atomic>

namespace tocsin::exporters::node {

Result<std::shared_ptr<const std::string>> SharedSourceFile::read(MonoTime since) {
  const std::lock_guard lock(mutex_);
  if (text_ != nullptr && read_at_ >= since) return text_;
  const MonoTime began = clock_.mono();
  TOCSIN_TRY(const std::string_view text, file_.read());
  if (text_ == nullptr || text_.use_count() != 1) {
    text_ = std::make_shared<std::string>(text);
  } else {
    std::atomic_thread_fence(std::memory_order_acquire);  // behind what the last reader did
    text_->assign(text);
  }
  read_at_ = began;
  return text_;
}

}  // namespace tocsin::exporters::node
