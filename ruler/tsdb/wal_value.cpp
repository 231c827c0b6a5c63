#include "tsdb/wal_value.hpp"

#include <bit>
#include <cmath>

#include "model/sample.hpp"

namespace tocsin::tsdb {
namespace {

constexpr double kExact = 9007199254740992.0;  // 2^53: integers up to here are exact

/// The integer nearest to `v`, which is below 2^53, the even one of two.
std::int64_t nearest(double v) {
  constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52: a sum has no room for a fraction
  if (std::abs(v) < 2251799813685248.0) [[likely]] {
    return static_cast<std::int64_t>((v + kShift) - kShift);
  }
  return static_cast<std::int64_t>(std::nearbyint(v));
}

/// Whether `v` is m/scale with an integer m, to the bit.
bool scaled(double v, double scale, std::int64_t& m) {
  const double product = v * scale;
  if (!(std::abs(product) < kExact)) return false;
  m = nearest(product);
  return std::bit_cast<std::uint64_t>(static_cast<double>(m) / scale) == std::bit_cast<std::uint64_t>(v);
}

bool put_difference(std::int64_t from, std::int64_t to, unsigned base, std::string& out, unsigned& control) {
  const std::uint64_t coded = zigzag(to - from);
  if (coded > 0xffffffffU) return false;
  const unsigned bytes = coded == 0 ? 1 : (static_cast<unsigned>(std::bit_width(coded)) + 7) / 8;
  char buffer[8];
  std::memcpy(buffer, &coded, sizeof coded);
  out.append(buffer, bytes);
  control = base + bytes - 1;
  return true;
}

void put_low_bytes(std::uint64_t word, unsigned bytes, std::string& out) {
  char buffer[8];
  std::memcpy(buffer, &word, sizeof word);
  out.append(buffer, bytes);
}

unsigned put_xor(std::uint64_t difference, double value, std::string& out) {
  const auto leading = static_cast<unsigned>(std::countl_zero(difference)) / 8;
  const auto trailing = static_cast<unsigned>(std::countr_zero(difference)) / 8;
  const unsigned bytes = 8 - leading - trailing;
  if (trailing >= 6) {
    put_low_bytes(difference >> 48U, 2, out);
    return kWalHigh2;
  }
  if (trailing >= 4) {
    put_low_bytes(difference >> 32U, 4, out);
    return kWalHigh4;
  }
  if (bytes >= 7 && leading == 0) {
    put_low_bytes(std::bit_cast<std::uint64_t>(value), 8, out);
    return kWalRaw;
  }
  if (bytes >= 6 && leading == 1) {
    put_low_bytes(difference, 7, out);
    return kWalLow7;
  }
  if (bytes >= 5 && leading == 2) {
    put_low_bytes(difference, 6, out);
    return kWalLow6;
  }
  out += static_cast<char>(leading << 4U | bytes);
  put_low_bytes(difference >> (8 * trailing), bytes, out);
  return kWalXor;
}

std::uint64_t take_low_bytes(unsigned bytes, ByteReader& in) {
  std::uint64_t word = 0;
  if (in.left() >= sizeof word) [[likely]] {
    std::memcpy(&word, in.take(bytes).data(), sizeof word);
    return bytes == sizeof word ? word : word & ((std::uint64_t{1} << 8 * bytes) - 1);
  }
  const std::string_view view = in.take(bytes);
  if (!view.empty()) std::memcpy(&word, view.data(), view.size());
  return word;
}

bool take_difference(double last, double scale, unsigned bytes, ByteReader& in, double& value) {
  std::int64_t from = 0;
  if (!scaled(last, scale, from)) return false;
  value = static_cast<double>(from + unzigzag(take_low_bytes(bytes, in))) / scale;
  return true;
}

bool take_xor(unsigned control, double last, ByteReader& in, double& value) {
  std::uint64_t difference = 0;
  switch (control) {
    case kWalLow7:
      difference = take_low_bytes(7, in);
      break;
    case kWalLow6:
      difference = take_low_bytes(6, in);
      break;
    case kWalHigh2:
      difference = take_low_bytes(2, in) << 48U;
      break;
    case kWalHigh4:
      difference = take_low_bytes(4, in) << 32U;
      break;
    default: {
      const auto shape = in.fixed<std::uint8_t>();
      const unsigned leading = shape >> 4U;
      const unsigned bytes = shape & 15U;
      if (bytes == 0 || leading + bytes > 8) return false;
      difference = take_low_bytes(bytes, in) << (8 * (8 - leading - bytes));
    }
  }
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(last) ^ difference);
  return true;
}

}  // namespace

unsigned encode_wal_value(double last, double value, std::string& out) {
  const std::uint64_t difference = std::bit_cast<std::uint64_t>(last) ^ std::bit_cast<std::uint64_t>(value);
  if (difference == 0) return kWalSame;
  if (model::is_stale(value)) return kWalStale;
  std::int64_t from = 0;
  std::int64_t to = 0;
  unsigned control = 0;
  if (scaled(value, 1, to)) {
    if (scaled(last, 1, from) && put_difference(from, to, kWalInteger, out, control)) return control;
  }
  if (scaled(value, 100, to) && scaled(last, 100, from) && put_difference(from, to, kWalHundredths, out, control)) {
    return control;
  }
  return put_xor(difference, value, out);
}

bool decode_wal_value(unsigned control, double last, ByteReader& in, double& value) {
  if (control == kWalSame) {
    value = last;
    return true;
  }
  if (control < kWalHundredths) return take_difference(last, 1, control, in, value);
  if (control < kWalStale) return take_difference(last, 100, control - kWalHundredths + 1, in, value);
  if (control == kWalStale) {
    value = model::stale_nan();
    return true;
  }
  if (control == kWalRaw) {
    value = in.fixed<double>();
    return true;
  }
  return take_xor(control, last, in, value);
}

}  // namespace tocsin::tsdb
