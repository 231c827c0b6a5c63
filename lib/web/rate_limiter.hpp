#pragma once
// A token bucket, as golang.org/x/time/rate: full at first, one token each interval, never more than `burst`.

#include <algorithm>

#include "web/web_config.hpp"

namespace tocsin::web {

/// Thread: one.
class RateLimiter {
 public:
  /// A change of the options begins with a full bucket.
  bool allow(const RateLimitOptions& options, MonoTime now) {
    if (options.interval <= Duration(0)) return true;
    if (options != options_) {
      options_ = options;
      tokens_ = static_cast<double>(options.burst);
      filled_at_ = now;
    }
    const auto since = std::chrono::duration<double>(now - filled_at_);
    tokens_ =
        std::min(static_cast<double>(options.burst), tokens_ + since / std::chrono::duration<double>(options.interval));
    filled_at_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  RateLimitOptions options_;
  double tokens_ = 0;
  MonoTime filled_at_{0};
};

}  // namespace tocsin::web
