#pragma once
// Randomness as a seam: jitter, identifiers. Seeded in tests.

#include <cstdint>
#include <string>

namespace tocsin {

/// SplitMix64 over a seed. Thread: one at a time.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  /// Seeded from the operating system.
  static Rng from_system();

  std::uint64_t next();
  /// In [0, 1).
  double uniform();
  /// UUID version 4, lower case.
  std::string uuid();

 private:
  std::uint64_t state_;
};

}  // namespace tocsin
