#include "block/restart_points.hpp"

namespace tocsin::block {
namespace {

class TryHold {
 public:
  explicit TryHold(std::atomic<bool>& busy) : busy_(busy), held_(!busy.exchange(true, std::memory_order_acquire)) {}
  TryHold(const TryHold&) = delete;
  TryHold& operator=(const TryHold&) = delete;
  ~TryHold() {
    if (held_) busy_.store(false, std::memory_order_release);
  }
  explicit operator bool() const { return held_; }

 private:
  std::atomic<bool>& busy_;
  const bool held_;
};

}  // namespace

bool RestartPoints::find(SeriesRef series, std::uint64_t chunk, std::uint32_t samples, chunkenc::XorPlace& out) const {
  Set* const sets = sets_.load(std::memory_order_acquire);
  if (sets == nullptr) return false;
  Set& set = sets[set_of(series)];
  const TryHold hold(set.busy);
  if (!hold) return false;
  for (const Entry& entry : set.entries) {
    if (entry.chunk != chunk || entry.place.samples != samples) continue;
    out = entry.place;
    return true;
  }
  return false;
}

void RestartPoints::keep(SeriesRef series, std::uint64_t chunk, const chunkenc::XorPlace& place) {
  std::call_once(made_, [this] {
    pages_ = Pages(kSets * sizeof(Set));
    sets_.store(reinterpret_cast<Set*>(pages_.data()), std::memory_order_release);
  });
  Set& set = sets_.load(std::memory_order_acquire)[set_of(series)];
  const TryHold hold(set.busy);
  if (!hold) return;
  set.entries[1] = set.entries[0];
  set.entries[0] = {chunk, place};
}

}  // namespace tocsin::block
