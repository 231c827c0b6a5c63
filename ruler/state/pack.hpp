#pragma once
// Records side by side in a BLOB: a row takes SQLite thousands of instructions, a record here takes a hundred. Each
// stands behind its size, its id and a checksum, so that one that is damaged is left out and the next one found.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace tocsin::state {

/// A row of so many bytes fits on a page of 8 KiB with nothing beside it: to change one of its records writes as much
/// as to change a row did.
inline constexpr std::size_t kPackBytes = 8000;

struct PackRecord {
  std::uint64_t id = 0;
  std::string_view payload;
  std::string_view bytes;  // all of it, as put_record() wrote it
};

void put_record(std::string& pack, std::uint64_t id, std::string_view payload);

/// The records of a pack in order; views into it.
class PackReader {
 public:
  explicit PackReader(std::string_view pack) : bytes_(pack) {}
  /// Records that are damaged are left out, and counted.
  std::optional<PackRecord> next();
  std::uint64_t bad() const { return bad_; }

 private:
  ByteReader bytes_;
  std::uint64_t bad_ = 0;
};

}  // namespace tocsin::state
