#include "rules/scrape_index.hpp"

#include <algorithm>

namespace tocsin::rules {
namespace {

/// A label that the target has not may be one of the page.
bool may_match(const std::vector<model::Matcher>& matchers, const model::Labels& labels) {
  return std::ranges::all_of(matchers, [&](const model::Matcher& matcher) {
    return !labels.has(matcher.name()) || matcher.matches(labels.get(matcher.name()));
  });
}

}  // namespace

void ScrapeIndex::add(std::uint32_t reader, const std::vector<Input>& inputs) {
  for (const Input& input : inputs) {
    auto& entries = input.name.empty() ? any_name_ : by_name_[xxhash64(input.name)];
    entries.push_back({reader, input.matchers});
  }
  known_.clear();
}

void ScrapeIndex::clear() {
  by_name_.clear();
  any_name_.clear();
  known_.clear();
}

const std::vector<std::uint32_t>& ScrapeIndex::find(const Scraped& scraped) {
  const auto found = known_.find(scraped.target);
  if (found != known_.end() && found->second.names_version == scraped.names_version) return found->second.readers;
  if (found == known_.end() && known_.size() >= kMaxKnown) known_.clear();
  Known& known = known_[scraped.target];
  known = {scraped.names_version, look_up(scraped)};
  return known.readers;
}

std::vector<std::uint32_t> ScrapeIndex::look_up(const Scraped& scraped) const {
  std::vector<std::uint32_t> readers;
  const auto take = [&](const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      if (may_match(entry.matchers, scraped.labels)) readers.push_back(entry.reader);
    }
  };
  take(any_name_);
  for (const auto& [name, entries] : by_name_) {
    if (scraped.names == nullptr || scraped.names->contains(name)) take(entries);
  }
  std::ranges::sort(readers);
  readers.erase(std::ranges::unique(readers).begin(), readers.end());
  readers.shrink_to_fit();
  return readers;
}

}  // namespace tocsin::rules
