#pragma once
// The series that one worker has met: by their texts, and by their labels.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/labels.hpp"

namespace tocsin::backfill {

/// Texts and series have numbers in order of their coming. Different texts may be one series: its labels in another
/// order, `le="1"` and `le="1.0"`. Thread: one at a time. About 200 bytes a series with labels of 80.
class SeriesTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// The number of a text, or kNone.
  std::uint32_t find(std::string_view text, std::uint64_t hash) const;
  /// Of a text that is not there yet. @return its number.
  std::uint32_t add(std::string_view text, std::uint64_t hash, const model::Labels& labels);

  std::string_view text(std::uint32_t number) const { return texts_[number].text; }
  std::uint32_t series(std::uint32_t number) const { return texts_[number].series; }
  /// The text that stood behind this one last time; at first itself.
  std::uint32_t next(std::uint32_t number) const { return texts_[number].next; }
  void set_next(std::uint32_t number, std::uint32_t next) { texts_[number].next = next; }

  std::size_t size() const { return labels_.size(); }
  const model::Labels& labels(std::uint32_t series) const { return *labels_[series]; }
  /// The place of each series in order of labels, of all that are there now.
  const std::vector<std::uint32_t>& ranks();
  /// Series in order of labels.
  const std::vector<std::uint32_t>& order();

 private:
  struct Text {
    std::string_view text;
    std::uint32_t series, next;
  };
  struct Slot {
    std::uint32_t tag = 0, number = kNone;
  };
  static constexpr std::size_t kArenaBytes = 1U << 20U;
  std::string_view keep(std::string_view text);
  void grow();

  std::deque<std::string> arena_;
  std::vector<Text> texts_;
  std::vector<std::uint64_t> hashes_;  // of texts
  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::unordered_map<model::Labels, std::uint32_t, model::LabelsHash> by_labels_;
  std::vector<const model::Labels*> labels_;  // of each series: a key of by_labels_
  std::vector<std::uint32_t> order_, ranks_;
};

}  // namespace tocsin::backfill
