#include "chunkenc/xor2.hpp"

#include <bit>

#include "chunkenc/start_times.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {
namespace {

class Xor2Decoder {
 public:
  explicit Xor2Decoder(std::string_view bytes)
      : in_(bytes.substr(1)), starts_(static_cast<std::uint8_t>(bytes.front())) {}

  bool run(std::size_t count, storage::SampleColumns& out) {
    for (std::size_t i = 0; i < count; ++i) {
      const Timestamp last = time_;
      if (!take(i)) return false;
      const Timestamp start = starts_.take(in_, i, last, time_);
      if (in_.failed() || (i > 0 && time_ <= last)) return false;
      out.times.push_back(time_);
      out.values.push_back(stale_ ? model::stale_nan() : std::bit_cast<double>(value_));
      if (start == 0) continue;
      out.starts.resize(out.times.size());
      out.starts.back() = start;
    }
    return true;
  }

 private:
  bool take(std::size_t index) {
    stale_ = false;
    if (index == 0) return take_first();
    if (index == 1) {
      delta_ = static_cast<std::int64_t>(in_.uvarint());
      time_ = wrapping_add(time_, delta_);
      return take_value();
    }
    return take_both();
  }

  bool take_first() {
    time_ = in_.varint();
    const std::uint64_t bits = in_.take_long(64);
    stale_ = bits == model::kStaleNanBits;
    if (!stale_) value_ = bits;
    return true;
  }

  /// Control: 0 as before; 10 another value; 110, 1110, 11110 a delta of deltas of 13, 20, 64 bits; 11111 stale.
  bool take_both() {
    constexpr unsigned kSizes[] = {0, 0, 13, 20, 64};
    const unsigned control = in_.ones(5);
    if (control >= 2 && control <= 4) delta_ = wrapping_add(delta_, take_signed(kSizes[control]));
    time_ = wrapping_add(time_, delta_);
    if (control == 0) return true;
    if (control == 1) return take_change(in_.bit());
    if (control == 5) {
      stale_ = true;
      return true;
    }
    return take_value();
  }

  std::int64_t take_signed(unsigned size) {
    const unsigned unused = 64 - size;
    return static_cast<std::int64_t>(in_.take_long(size) << unused) >> unused;
  }

  /// 0 as before; 10 within the window; 110 in a new one; 111 stale.
  bool take_value() {
    const unsigned control = in_.ones(3);
    if (control == 0) return true;
    if (control < 3) return take_change(control == 2);
    stale_ = true;
    return true;
  }

  bool take_change(bool new_window) {
    if (new_window ? !take_window(in_, window_) : window_.leading == XorWindow::kNone) return false;
    value_ ^= in_.take_long(window_.size()) << window_.trailing;
    return true;
  }

  BitReader in_;
  StartTimes starts_;
  Timestamp time_ = 0;
  std::int64_t delta_ = 0;
  std::uint64_t value_ = 0;  // the last one that was not stale
  bool stale_ = false;
  XorWindow window_;
};

}  // namespace

bool xor2_decode(std::string_view bytes, std::size_t count, storage::SampleColumns& out) {
  return !bytes.empty() && Xor2Decoder(bytes).run(count, out);
}

}  // namespace tocsin::chunkenc
