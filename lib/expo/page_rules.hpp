#pragma once
// What a page asks of all its families: labels for every series, and a limit of series.
//
// When more lines are put than the limit allows, the largest families are cut: all to the same size, the largest with
// which the page fits; smaller families stay whole. A family that is cut keeps the series that come first in this
// order: those kept longest, then the larger first value (of a histogram or summary: the count), then the earlier put.
// So a series that was kept stays as long as it is put, whatever others do, and newcomers get in when there is room.
// The others are folded: in families that add up (see adds_up()), into one series with the labels in which the family's
// series agree, and "other" for those in which they differ; in all others, and histograms, summaries and NaN always,
// they are left out. The sum of counters never falls, though its members come and go: a fall adds nothing to it.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expo/cached_family.hpp"

namespace tocsin::expo {

/// Whether the sum of a family's series means something: all counters; gauges unless a word of their name says that
/// they are times, ages, shares, states, extremes, limits, identities or physical measures ("_seconds", "_ratio",
/// "_info", "_max", "_celsius"); nothing else.
bool adds_up(std::string_view name, model::MetricType type);

/// Thread: the page's. Owned by the page; at a fixed address.
struct PageRules {
  std::vector<std::pair<std::string, std::string>> constant_labels;  // sorted
  std::size_t limit = 0;                                             // lines; 0: none
  std::size_t new_lines = 0;            // of newcomers in this round, as far as families hold them
  std::vector<CachedFamily*> families;  // of the page, in the order in which they came
  std::size_t next_family = 0;          // in `families`: which one is expected now
  std::size_t text_room = 0;            // bytes that the next text will need, by the last one

  /// The family of the name if it is asked for in the order of the rounds before: one comparison, not a search. Null if
  /// it is not among the next few.
  CachedFamily* expected(std::string_view name);
  /// That one was asked for out of order: those that came behind it are expected now.
  void expect_behind(const CachedFamily& family);

  /// The labels and the constant ones that they lack; `all` is where they stand if there are any.
  std::span<const model::LabelView> complete(std::span<const model::LabelView> labels,
                                             std::vector<model::LabelView>& all) const;
  /// Called before a newcomer: cuts when there are too many of them, so that memory stays bounded within a round.
  void make_room() {
    if (limit != 0 && new_lines > 2 * limit) cut();
  }
  /// Cuts families to what the puts so far allow.
  void cut();
};

}  // namespace tocsin::expo
