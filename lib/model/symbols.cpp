#include "model/symbols.hpp"

#include "base/check.hpp"

namespace tocsin::model {
namespace {

/// What one entry of the index and of the list costs beside its text: hash node with its pointer, string, bucket.
constexpr std::size_t kEntryBytes =
    sizeof(std::string) + sizeof(std::pair<std::string_view, SymbolId>) + 3 * sizeof(void*);

}  // namespace

SymbolId SymbolTable::intern(std::string_view text) {
  const MutexLock lock(mutex_);
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  check(texts_.size() < kNone, "BUG: more symbols than ids");
  const auto id = static_cast<SymbolId>(texts_.size());
  const std::string& kept = texts_.emplace_back(text);
  ids_.emplace(kept, id);
  bytes_ += kEntryBytes + (kept.capacity() > 15 ? kept.capacity() + 1 : 0);
  return id;
}

SymbolId SymbolTable::find(std::string_view text) const {
  const MutexLock lock(mutex_);
  const auto found = ids_.find(text);
  return found == ids_.end() ? kNone : found->second;
}

std::string_view SymbolTable::text(SymbolId id) const {
  const MutexLock lock(mutex_);
  check(id < texts_.size(), "BUG: unknown symbol id");
  return texts_[id];
}

std::size_t SymbolTable::size() const {
  const MutexLock lock(mutex_);
  return texts_.size();
}

std::size_t SymbolTable::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace tocsin::model
