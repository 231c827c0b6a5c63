#pragma once
// Start timestamps between the samples of the chunks that have them: the first one, if there is one, as its distance to
// the first sample; nothing while it stays; from the sample on that the header names, the distance to the time of the
// sample before, as delta. Source: Prometheus tsdb/docs/format/chunks.md, "Start timestamp encoding"; st.go, xor2.go.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {

class StartTimes {
 public:
  explicit StartTimes(std::uint8_t header) : first_known_((header & 0x80U) != 0), changes_at_(header & 0x7fU) {}

  /// After sample `index` was read. @return the start timestamp of it, 0 for none.
  Timestamp take(BitReader& in, std::size_t index, Timestamp last_time, Timestamp time) {
    if (index == 0) {
      if (first_known_) start_ = wrapping_sub(time, in.varint());
      return start_;
    }
    if (changes_at_ == 0 || index < changes_at_) return start_;
    const std::int64_t by = take_varbit_int(in);
    distance_ = index == changes_at_ ? by : wrapping_add(distance_, by);
    start_ = wrapping_sub(last_time, distance_);
    return start_;
  }

 private:
  bool first_known_;
  std::size_t changes_at_;
  Timestamp start_ = 0;
  std::int64_t distance_ = 0;
};

}  // namespace tocsin::chunkenc
