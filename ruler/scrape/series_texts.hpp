#pragma once
// The series texts of a page, in its order, front-coded: each text is stored as the length of what it shares with the
// one before and the rest. About a dozen bytes a series where the text itself has eighty.
//
//   bytes: { shared (varint), size of rest (varint), rest }*, every 16th text with shared = 0
//
// Source of the shape: LevelDB's blocks (restart points).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::scrape {

/// Thread: one at a time. Views live until the next push() or assignment.
class SeriesTexts {
 public:
  /// One text after the other.
  class Cursor {
   public:
    bool done() const { return index_ == texts_->count_; }
    std::size_t index() const { return index_; }
    /// Bytes shared with the text before; 0 at restart points.
    std::size_t shared() const { return shared_; }
    std::string_view rest() const { return rest_; }
    void next();

   private:
    friend class SeriesTexts;
    Cursor(const SeriesTexts* texts, std::size_t index, const char* at) : texts_(texts), index_(index), at_(at) {
      load();
    }
    void load();
    const SeriesTexts* texts_;
    std::size_t index_;
    const char* at_;  // its entry
    std::size_t shared_ = 0;
    std::string_view rest_;
  };

  std::size_t size() const { return count_; }
  Cursor begin() const { return {this, 0, bytes_.data()}; }
  /// At the index; `text` becomes the text that stands there, "" at the end.
  Cursor seek(std::size_t index, std::string& text) const;

  void push(std::string_view text);
  /// Becomes the texts before the cursor.
  void assign_before(const Cursor& end);
  /// Gives back what was reserved in vain; call when all is pushed.
  void shrink();
  std::size_t memory_bytes() const { return bytes_.capacity() + restarts_.capacity() * sizeof(std::uint32_t); }

 private:
  static constexpr std::size_t kRestart = 16;
  std::string bytes_;
  std::vector<std::uint32_t> restarts_;
  std::size_t count_ = 0;
  std::string last_;  // only while texts are pushed
};

/// Finds texts by their hash. Lives for one scrape, and only if its page is not that of the last scrape.
class TextIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  explicit TextIndex(std::size_t expected);
  void add(std::uint64_t hash, std::uint32_t value);
  /// The first value with this hash that `is_it(value)` accepts, or kNone.
  template <typename Predicate>
  std::uint32_t find(std::uint64_t hash, Predicate is_it) const {
    for (std::size_t slot = hash & mask_; slots_[slot].value != kNone; slot = (slot + 1) & mask_) {
      if (slots_[slot].tag == tag(hash) && is_it(slots_[slot].value)) return slots_[slot].value;
    }
    return kNone;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t value = kNone;
  };
  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }
  void place(const Slot& slot, std::uint64_t hash);

  std::vector<Slot> slots_;
  std::vector<std::uint64_t> hashes_;  // of all that was added, to grow by
  std::vector<std::uint32_t> values_;
  std::size_t mask_;
};

}  // namespace tocsin::scrape
