#include "tsdb/text_arena.hpp"

#include <cstring>

namespace tocsin::tsdb {

const char* TextArena::store(std::string_view encoded) {
  if (encoded.size() > left_) {
    // A long text gets a chunk of its own, and the one in use goes on.
    const bool own = encoded.size() > kChunkBytes / 4;
    const std::size_t size = own ? encoded.size() : kChunkBytes;
    auto chunk = std::make_unique_for_overwrite<char[]>(size);
    bytes_ += size;
    char* const begin = chunk.get();
    chunks_.push_back(std::move(chunk));
    if (own) {
      std::memcpy(begin, encoded.data(), encoded.size());
      return begin;
    }
    at_ = begin;
    left_ = size;
  }
  char* const text = at_;
  std::memcpy(text, encoded.data(), encoded.size());
  at_ += encoded.size();
  left_ -= encoded.size();
  return text;
}

}  // namespace tocsin::tsdb
