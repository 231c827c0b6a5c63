#pragma once
// What a store holds, as lines of text.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/map_store.hpp"

namespace tocsin::test {

inline std::string value_text(double value) {
  return model::is_stale(value) ? "stale" : fmt::format("{}", value);
}

/// `name{a="b"} 1@1000 stale@2000` for each series whose name has the prefix, times relative to `origin`.
inline std::vector<std::string> stored(MapStore& store, Timestamp origin, const std::string& name_regex = ".*") {
  std::vector<std::string> out;
  auto querier = store.querier(kMinTimestamp, kMaxTimestamp);
  const std::vector<model::Matcher> matchers = {*model::Matcher::make(model::MatchOp::kRegex, "__name__", name_regex)};
  auto set = (*querier)->select({.start = kMinTimestamp, .end = kMaxTimestamp, .sorted = true}, matchers);
  storage::SampleColumns samples;
  while (set->next()) {
    std::string line = set->labels().to_series();
    if (!set->read(kMinTimestamp, kMaxTimestamp, samples)) line += " unreadable";
    for (std::size_t i = 0; i < samples.size(); ++i) {
      line += fmt::format(" {}@{}", value_text(samples.values[i]), samples.times[i] - origin);
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace tocsin::test
