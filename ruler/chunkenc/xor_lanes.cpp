// Several XOR chunks at once. Of one chunk alone two things cannot be guessed: whether a counter moved, and whether the
// bits that changed still lie within the window; each wrong guess costs as much as taking two samples. So lanes, which
// step together from sample to sample of their chunks, do not ask whether a value changed but calculate with it. That
// makes the place of the next sample known late: while one lane waits for it the others have work. What is asked is a
// new window alone. The rest is taken alone, which is sooner: chunks in which little happens, samples that are not on
// time, windows of many bits, the last bytes of a chunk.

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "chunkenc/xor.hpp"
#include "chunkenc/xor_decoder.hpp"

namespace tocsin::chunkenc {
namespace {

/// Of more, their states do not fit into registers.
constexpr std::size_t kMostLanes = 3;

/// A chunk that is taken in a lane as far as that goes; between two samples.
struct Taker {
  static constexpr unsigned kTooManyStops = 4;
  Readable in;
  std::uint64_t place = 0;
  Times time;
  Value value;
  std::span<Timestamp> times;
  double* values_end = nullptr;
  std::ptrdiff_t next = 0;  // sample, counted from the end: up to 0
  unsigned stops = 0;       // how often it held up the others
  Readable::Copy copy;

  /// The first two samples. @param bytes, to_times, to_values  stay where they are until the last sample.
  /// @return false if the chunk is none.
  bool start(std::string_view bytes, std::span<Timestamp> to_times, std::span<double> to_values);
  std::size_t left() const { return static_cast<std::size_t>(-next); }
  /// Takes so many of those that are left, alone. @return false if the chunk is none.
  bool take(std::size_t samples);
  /// Goes on, alone, to where a lane can take it: a few samples of a target that was late once, all of one that mostly
  /// is. @return false if the chunk is none.
  bool pass_unusual();
  /// When none is left: whether all of them were there, and times rise.
  bool is_good() const { return times.size() < 2 || (place <= in.size * 8 && time.rise(times)); }
};
using Takers = std::array<Taker*, kMostLanes>;

/// A chunk between two samples, in registers.
struct Lane {
  static constexpr unsigned kMostSize = kSomeBits - 3;  // of the window: behind the three bits that say what is there
  static constexpr std::size_t kReads = 11;             // bytes from where a sample begins
  const unsigned char* bytes;
  std::uint64_t place;
  std::uint64_t limit;  // samples that begin here or later are not for lanes
  std::uint64_t value;
  std::uint64_t mask = 0;  // ones within the window
  int rotation = 0;        // of the bits at `place`, so that those that changed lie within the window
  unsigned size;
  double* out;

  explicit Lane(const Taker& from)
      : bytes(from.in.bytes),
        place(from.place),
        limit(from.value.size <= kMostSize ? end_for_lanes(from) : 0),
        value(from.value.value),
        size(from.value.size),
        out(from.values_end + from.next) {
    if (limit != 0) set_window(64 - size - from.value.trailing);
  }

  static std::uint64_t end_for_lanes(const Taker& from) { return from.in.padded ? 0 : (from.in.size - kReads + 1) * 8; }
  [[gnu::always_inline]] std::uint64_t bits() const { return some_bits_at(bytes, place); }
  [[gnu::always_inline]] bool takes(std::uint64_t bits) const { return place < limit && !is_one(bits); }
  /// @param bits  that it takes(). @return false if there is no such window.
  [[gnu::always_inline]] bool take(std::uint64_t bits, std::size_t number) {
    if (bits >> 61U == 0b011) [[unlikely]] {
      if (!take_window(bits << 3U)) return false;
    } else {
      const auto changed = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << 1U) >> 63);  // all ones, or 0
      value ^= std::rotr(bits, rotation) & mask & changed;
      place += 2 + (changed & (1 + size));
    }
    out[number] = std::bit_cast<double>(value);
    return true;
  }
  void put_back(Taker& to) const {
    to.place = place;
    to.value.value = value;
    if (mask != 0) to.value = {value, size, static_cast<unsigned>(std::countr_zero(mask))};
  }

 private:
  void set_window(unsigned leading) {
    rotation = static_cast<int>(leading) - 3;
    mask = ~std::uint64_t{0} << (64 - size) >> leading;
  }
  [[gnu::always_inline]] bool take_window(std::uint64_t bits) {
    const auto leading = static_cast<unsigned>(bits >> 59U);
    size = ((static_cast<unsigned>(bits >> 53U) - 1) & 63U) + 1;
    if (leading + size > 64) return false;
    set_window(leading);
    place += 14;
    value ^= bits_at(bytes, place) >> leading & mask;
    place += size;
    if (size > kMostSize) limit = 0;
    return true;
  }
};

/// The times of samples that were on time.
void pass_on_time(Taker& lane, std::size_t samples) {
  Timestamp* const to = lane.times.data() + lane.times.size() + lane.next;
  auto t = static_cast<std::uint64_t>(lane.time.t);
  const auto delta = static_cast<std::uint64_t>(lane.time.delta);
  for (std::size_t k = 0; k < samples; ++k) to[k] = static_cast<Timestamp>(t += delta);
  lane.time.forward(samples);
  lane.next += static_cast<std::ptrdiff_t>(samples);
}

bool Taker::start(std::string_view bytes, std::span<Timestamp> to_times, std::span<double> to_values) {
  stops = 0;
  times = to_times;
  values_end = to_values.data() + to_values.size();
  next = 1 - static_cast<std::ptrdiff_t>(times.size());
  if (!may_hold(bytes, times.size())) return false;
  QuickReader head(bytes);
  Times first;
  value = {};
  if (!take_head(head, next == 0, first, value, time)) return false;
  times[0] = first.t;
  to_values[0] = value.as_double();
  if (next == 0) return true;
  in = Readable(head.rest());
  place = 0;
  if (in.is_short()) in.pad(copy, place);
  if (!value.take(in.bytes, some_bits_at(in.bytes, place), kSomeBits, place)) return false;
  times[1] = time.t;
  to_values[1] = value.as_double();
  ++next;
  return true;
}

bool Taker::take(std::size_t samples) {
  const Columns to{times.data() + times.size(), values_end};
  return take_samples(in, copy, place, time, value, to, next, next + static_cast<std::ptrdiff_t>(samples));
}

bool Taker::pass_unusual() {
  constexpr std::size_t kFew = 4;
  constexpr std::size_t kLast = 12;  // are not worth another round; the other lanes end about here, too
  while (left() > kLast) {
    const Lane here(*this);
    if (here.takes(here.bits())) return true;
    if (place >= Lane::end_for_lanes(*this)) break;
    const std::int64_t delta = time.delta;
    if (!take(kFew)) return false;
    stops = time.delta == delta ? stops + 1 : kTooManyStops;
    if (stops >= kTooManyStops) break;
  }
  return take(left());
}

/// Takes samples of the first lanes, of each the same number, as long as all of them take it.
/// @return false if one of the chunks is none.
template <std::size_t... I>
bool take_together(const Takers& all, std::size_t most, std::index_sequence<I...>) {
  std::array<Lane, sizeof...(I)> lanes{Lane(*all[I])...};
  std::size_t taken = 0;
  for (; taken < most; ++taken) {
    const std::array<std::uint64_t, sizeof...(I)> bits{lanes[I].bits()...};
    if (!(lanes[I].takes(bits[I]) && ...)) break;
    if (!(lanes[I].take(bits[I], taken) && ...)) return false;
  }
  (lanes[I].put_back(*all[I]), ...);
  (pass_on_time(*all[I], taken), ...);
  return true;
}

/// The chunks that are not begun yet, and their places in the columns.
class Chunks {
 public:
  Chunks(std::span<const XorChunk> all, std::span<Timestamp> times, std::span<double> values)
      : all_(all), times_(times), values_(values) {}
  bool any() {
    while (!all_.empty() && all_.front().count == 0) all_ = all_.subspan(1);
    return !all_.empty();
  }
  /// Whether so much happens in the next one, if any(), that nobody can guess it. Two bits a sample are nothing at all;
  /// of many bytes windows are too wide.
  bool is_busy() const {
    const XorChunk& chunk = all_.front();
    return 4 * chunk.bytes.size() >= 3 * chunk.count && chunk.bytes.size() <= 7 * chunk.count;
  }
  /// Begins with the next one, if any(). @return false if it is none.
  bool start(Taker& taker) {
    return pass([&](auto... chunk) { return taker.start(chunk...); });
  }
  /// Takes all of the next one, if any(). @return false if it is none.
  bool take_alone() { return pass(xor_decode_alone); }

 private:
  template <typename Use>
  bool pass(Use&& use) {
    const XorChunk chunk = all_.front();
    const bool good = use(chunk.bytes, times_.first(chunk.count), values_.first(chunk.count));
    all_ = all_.subspan(1);
    times_ = times_.subspan(chunk.count);
    values_ = values_.subspan(chunk.count);
    return good;
  }

  std::span<const XorChunk> all_;
  std::span<Timestamp> times_;
  std::span<double> values_;
};

/// Those that are at work come first.
class Lanes {
 public:
  explicit Lanes(Chunks chunks) : chunks_(chunks) {
    for (std::size_t i = 0; i < kMostLanes; ++i) lanes_[i] = &takers_[i];
  }
  /// @return false if one of the chunks is none.
  bool take_all() {
    while (used_ < kMostLanes && chunks_.any()) ++used_;
    for (std::size_t i = 0; i < used_; ++i) {
      if (!fill(*lanes_[i])) return false;
    }
    for (;;) {
      drop_empty();
      if (used_ == 0) return true;
      if (!step()) return false;
    }
  }

 private:
  /// Gives a lane that is through the next chunk for it; those before it are taken alone.
  /// @return false if one of them is none.
  bool fill(Taker& lane) {
    constexpr int kEnough = 3;  // chunks were not for lanes: so are the others, probably
    while (lane.left() == 0 && chunks_.any()) {
      if (unusual_ >= kEnough || !chunks_.is_busy()) {
        if (!chunks_.take_alone()) return false;
      } else if (!(chunks_.start(lane) && lane.pass_unusual() && finish(lane))) {
        return false;
      }
    }
    return true;
  }
  /// Of a lane that may be through. @return false if its chunk is none.
  bool finish(const Taker& lane) {
    if (lane.left() != 0) return true;
    unusual_ += lane.stops >= Taker::kTooManyStops ? 1 : 0;
    return lane.is_good();
  }
  void drop_empty() {
    for (std::size_t i = 0; i < used_;) {
      if (lanes_[i]->left() != 0) {
        ++i;
      } else {
        std::swap(lanes_[i], lanes_[--used_]);
      }
    }
  }
  bool step() {
    std::size_t most = lanes_[0]->left();
    for (std::size_t i = 1; i < used_; ++i) most = std::min(most, lanes_[i]->left());
    if (!take_together(most)) return false;
    for (std::size_t i = 0; i < used_; ++i) {
      Taker& lane = *lanes_[i];
      if (!(used_ > 1 ? lane.pass_unusual() : lane.take(lane.left()))) return false;
      if (!(finish(lane) && fill(lane))) return false;
    }
    return true;
  }
  bool take_together(std::size_t most) {
    switch (used_) {
      case 1:
        return true;
      case 2:
        return chunkenc::take_together(lanes_, most, std::make_index_sequence<2>());
      default:
        return chunkenc::take_together(lanes_, most, std::make_index_sequence<kMostLanes>());
    }
  }

  Chunks chunks_;
  std::array<Taker, kMostLanes> takers_;
  Takers lanes_{};
  std::size_t used_ = 0;
  int unusual_ = 0;  // chunks that held up the others
};

}  // namespace

bool xor_decode(std::span<const XorChunk> chunks, std::span<Timestamp> times, std::span<double> values) {
  return Lanes({chunks, times, values}).take_all();
}

bool xor_decode(std::span<const XorChunk> chunks, std::vector<Timestamp>& times, std::vector<double>& values) {
  const std::size_t before = times.size();
  const std::size_t values_before = values.size();
  std::size_t count = 0;
  for (const XorChunk& chunk : chunks) count += chunk.count;
  times.resize(before + count);
  values.resize(values_before + count);
  if (xor_decode(chunks, std::span(times).subspan(before), std::span(values).subspan(values_before))) return true;
  times.resize(before);
  values.resize(values_before);
  return false;
}

}  // namespace tocsin::chunkenc
