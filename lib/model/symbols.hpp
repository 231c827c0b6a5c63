#pragma once
// Interned label pairs: each distinct name and value stands once in memory and is known by a 32-bit id.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/thread_annotations.hpp"

namespace tocsin::model {

using SymbolId = std::uint32_t;

/// Text to id and back. Ids are dense from 0 in order of first use; a text never moves as long as the table lives.
/// Collectable by generations: the owner makes a new table at truncation and interns what is still used.
/// Thread: any; look-ups of ids take no lock that a writer holds for long.
class SymbolTable {
 public:
  SymbolId intern(std::string_view text);
  /// The id, or kNone if the text was never interned.
  SymbolId find(std::string_view text) const;
  std::string_view text(SymbolId id) const;
  std::size_t size() const;
  /// Bytes held, texts and index.
  std::size_t bytes() const;
  static constexpr SymbolId kNone = 0xffffffffU;

 private:
  mutable Mutex mutex_;
  std::deque<std::string> texts_ TOCSIN_GUARDED_BY(mutex_);
  std::unordered_map<std::string_view, SymbolId> ids_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t bytes_ TOCSIN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::model
