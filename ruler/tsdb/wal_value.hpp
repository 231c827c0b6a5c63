#pragma once
// A float in the log, coded against the last one of its series in the same segment (0.0 for the first). The control is
// four bits, the rest whole bytes:
//   0      the same bits
//   1..4   both are integers: their difference, zigzag, in that many bytes
//   5..8   both have two decimals: the difference of their hundredths, zigzag, in that many bytes less 4
//   9      the stale marker
//   10     the eight bytes of the value
//   11 12  the low 7, 6 bytes of the xor of both (the others are equal)
//   13 14  the high 2, 4 bytes of it
//   15     any other xor: leading zero bytes << 4 | count, then the bytes
// Measured on a usual mix (docs/internals/head.md): 1.3 to 1.9 bytes a value.

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace tocsin::tsdb {

enum WalControl : unsigned {
  kWalSame = 0,
  kWalInteger = 1,
  kWalHundredths = 5,
  kWalStale = 9,
  kWalRaw = 10,
  kWalLow7 = 11,
  kWalLow6 = 12,
  kWalHigh2 = 13,
  kWalHigh4 = 14,
  kWalXor = 15,
};

/// Appends the bytes of a value to `out`. @return the control.
unsigned encode_wal_value(double last, double value, std::string& out);

/// @return false if the control cannot stand for a value after `last`; failure of `in` shows there.
bool decode_wal_value(unsigned control, double last, ByteReader& in, double& value);

}  // namespace tocsin::tsdb
