#include "rules/slots.hpp"

#include <algorithm>

#include "model/labels.hpp"

namespace tocsin::rules {

Slots::Slots(std::string_view file, std::string_view name, Duration interval)
    : interval_(std::max<std::int64_t>(interval.count(), 1)),
      offset_(static_cast<std::int64_t>(model::Labels{{"file", file}, {"name", name}}.hash() %
                                        static_cast<std::uint64_t>(interval_))) {}

std::int64_t Slots::at_or_before(std::int64_t now) const {
  const std::int64_t shifted = now - offset_;
  const std::int64_t past = shifted % interval_;
  return now - (past < 0 ? past + interval_ : past);
}

Slots::Next Slots::after(std::int64_t last, std::int64_t now) const {
  if (now < last) return {at_or_before(now) + interval_, 0};
  const std::int64_t missed = std::max<std::int64_t>((now - last) / interval_ - 1, 0);
  return {last + (missed + 1) * interval_, missed};
}

}  // namespace tocsin::rules
