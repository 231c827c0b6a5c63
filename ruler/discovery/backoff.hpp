#pragma once
// How long to wait before the next attempt.

#include <algorithm>

#include "base/rng.hpp"
#include "base/time.hpp"

namespace tocsin::discovery {

/// 0.8 s, then twice as long each time, at most 30 s, each made up to twice as long by chance; from the beginning when
/// two minutes passed without a failure. Source: client-go tools/cache/reflector.go. Thread: one.
class Backoff {
 public:
  Duration next(MonoTime now, Rng& rng) {
    if (now - last_ > std::chrono::minutes(2)) reset();
    const auto wait = std::chrono::duration_cast<Duration>(base_ * (1 + rng.uniform()));
    base_ = std::min<Duration>(base_ * 2, std::chrono::seconds(30));
    last_ = now + wait;
    return wait;
  }
  void reset() { base_ = kFirst; }

 private:
  static constexpr Duration kFirst = std::chrono::milliseconds(800);
  Duration base_ = kFirst;
  MonoTime last_{0};
};

}  // namespace tocsin::discovery
