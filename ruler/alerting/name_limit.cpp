#include "alerting/name_limit.hpp"

#include "base/log.hpp"

namespace tocsin::alerting {

bool NameLimit::take(std::string_view name, std::uint64_t fingerprint, Timestamp ends_at, Timestamp now) {
  if (limit_ == 0) return true;
  auto found = names_.find(name);
  if (found == names_.end()) found = names_.emplace(name, Name()).first;
  Name& one = found->second;
  if (const auto known = one.ends.find(fingerprint); known != one.ends.end()) {
    one.by_end.erase({known->second, fingerprint});
  } else if (one.ends.size() >= limit_) {
    const auto [first_end, oldest] = *one.by_end.begin();
    if (first_end >= now) {
      if (!std::exchange(one.told, true)) {
        log::warn("alerting", "too many alerts of one name, new ones are not taken",
                  {{"alertname", name}, {"limit", limit_}});
      }
      return false;
    }
    one.by_end.erase(one.by_end.begin());
    one.ends.erase(oldest);
  }
  one.ends[fingerprint] = ends_at;
  one.by_end.emplace(ends_at, fingerprint);
  return true;
}

void NameLimit::collect(Timestamp now) {
  for (auto at = names_.begin(); at != names_.end();) {
    Name& one = at->second;
    while (!one.by_end.empty() && one.by_end.begin()->first < now) {
      one.ends.erase(one.by_end.begin()->second);
      one.by_end.erase(one.by_end.begin());
    }
    one.told = false;
    at = one.ends.empty() ? names_.erase(at) : std::next(at);
  }
}

}  // namespace tocsin::alerting
