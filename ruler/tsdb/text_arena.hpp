#pragma once
// Label texts, one after the other, behind their length as in an encoded label set: a label set is put together by
// copying. Texts do not move; the arena as a whole is replaced when too much of it is dead.

#include <memory>
#include <string_view>
#include <vector>

namespace tocsin::tsdb {

/// Thread: store() one at a time; texts that were stored may be read by any.
class TextArena {
 public:
  /// @param encoded  a text with its length in front (model/label_encoding.hpp).
  const char* store(std::string_view encoded);
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kChunkBytes = 32 * 1024;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;  // of all chunks
};

}  // namespace tocsin::tsdb
