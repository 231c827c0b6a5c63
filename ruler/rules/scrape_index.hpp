#pragma once
// Which groups may answer differently after a scrape: by the names of its metrics, and by the labels of its target.
// It may name a group too many, never one too few.

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.hpp"
#include "model/labels.hpp"
#include "rules/inputs.hpp"

namespace tocsin::rules {

/// A scrape that was stored, as far as it is told. Views are valid for the call.
struct Scraped {
  std::uint64_t target = 0;     // whose page it was; two never have the same number
  const model::Labels& labels;  // of the target: all series of the scrape have them; empty if that is not known
  /// xxhash64 of the names that targets like this ever wrote; nullptr: any name.
  const std::unordered_set<std::uint64_t>* names = nullptr;
  std::uint64_t names_version = 0;  // another one: the names, or the labels, are others
};

/// A look-up is one of a hash map from a target's second scrape on. Thread: one.
class ScrapeIndex {
 public:
  /// Readers are called by numbers, ascending from 0.
  void add(std::uint32_t reader, const std::vector<Input>& inputs);
  void clear();
  bool empty() const { return by_name_.empty() && any_name_.empty(); }

  /// Those that may read what was scraped, each once. Valid until the next call.
  const std::vector<std::uint32_t>& find(const Scraped& scraped);

 private:
  /// Targets are forgotten, all at once, when there are more: those that are gone are not told.
  static constexpr std::size_t kMaxKnown = 200'000;

  struct Entry {
    std::uint32_t reader = 0;
    std::vector<model::Matcher> matchers;
  };
  struct Known {
    std::uint64_t names_version = 0;
    std::vector<std::uint32_t> readers;
  };
  std::vector<std::uint32_t> look_up(const Scraped& scraped) const;

  std::unordered_map<std::uint64_t, std::vector<Entry>> by_name_;  // by xxhash64 of the name
  std::vector<Entry> any_name_;
  std::unordered_map<std::uint64_t, Known> known_;  // by target
};

}  // namespace tocsin::rules
