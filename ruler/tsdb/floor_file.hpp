#pragma once
// File `floor`: where the head begins, and which block is being cut. docs/format/floor.md draws the bytes.
//
// It is written before a cut, with the name that the block will have, and after it. So a start that finds the block
// knows that the head begins behind it, and one that does not find it knows that nothing was cut.

#include <optional>
#include <string>

#include "base/fs.hpp"
#include "block/meta.hpp"

namespace tocsin::tsdb {

struct FloorRecord {
  Timestamp floor = kMinTimestamp;
  struct Cut {
    block::Ulid ulid;
    Timestamp end = 0;  // the floor when the block is there
  };
  std::optional<Cut> cut;
};

std::string encode_floor(const FloorRecord& record);
/// @return kCorrupt
Result<FloorRecord> decode_floor(std::string_view bytes);

/// No file gives the record of a new store. @return kCorrupt with the path, kIo.
Result<FloorRecord> read_floor(Fs& fs, const std::string& path);
/// Durable at return.
Result<void> write_floor(Fs& fs, const std::string& path, const FloorRecord& record);

}  // namespace tocsin::tsdb
