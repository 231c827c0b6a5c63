#pragma once
// --alerts.per-alertname-limit: how many alerts of one name are known at a time, so that a rule that went wild takes no
// others' place. Source: Alertmanager limit/bucket.go, store/store.go.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/time.hpp"

namespace tocsin::alerting {

/// Thread: the loop's.
class NameLimit {
 public:
  /// @param limit  0: none, and nothing is kept.
  explicit NameLimit(std::size_t limit) : limit_(limit) {}
  std::size_t limit() const { return limit_; }

  /// Counts an alert, or notes the end that it has now. One whose end is over gives its place to a new one.
  /// @return false for a new alert beyond the limit.
  bool take(std::string_view name, std::uint64_t fingerprint, Timestamp ends_at, Timestamp now);
  /// Forgets alerts that are over.
  void collect(Timestamp now);

 private:
  struct Name {
    std::set<std::pair<Timestamp, std::uint64_t>> by_end;
    std::unordered_map<std::uint64_t, Timestamp> ends;
    bool told = false;  // that there are too many
  };

  const std::size_t limit_;
  std::map<std::string, Name, std::less<>> names_;
};

}  // namespace tocsin::alerting
