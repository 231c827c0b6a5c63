// Any bytes as meta.json and as tombstones: refused or read, and what is read is written and read again as the same.
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "block/format.hpp"
#include "block/meta.hpp"
#include "block/tombstones.hpp"

using namespace tocsin;
using namespace tocsin::block;

namespace {

void check_tombstones(std::string_view bytes) {
  const auto read = parse_tombstones(bytes);
  if (!read) return check(read.error().code == Errc::kCorrupt, "the reason is the bytes");
  for (const auto& [ref, intervals] : *read) {
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      check(intervals[i].min <= intervals[i].max, "an interval has two ends in order");
      check(i == 0 || intervals[i - 1].max < intervals[i].min - 1, "intervals are sorted and do not touch");
    }
  }
  const auto again = parse_tombstones(encode_tombstones(*read));
  check(again && *again == *read, "what was written is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto meta = parse_meta(bytes)) {
    const auto again = parse_meta(meta_json(*meta));
    check(again && meta_json(*again) == meta_json(*meta), "what was written is the same");
  }
  check_tombstones(bytes);
  // As the body behind a header that is right, with its checksum.
  std::string tombstones = encode_tombstones({});
  tombstones.resize(kIndexHeaderBytes);
  tombstones += bytes;
  put_be32(tombstones, crc32c(bytes));
  check_tombstones(tombstones);
  return 0;
}
