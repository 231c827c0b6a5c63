#pragma once
// A standing copy of a selection, kept by a feed as a standing query would keep it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/storage_suite.hpp"

namespace tocsin::test {

class FeedCopy {
 public:
  FeedCopy(storage::Queryable& store, std::vector<model::Matcher> matchers)
      : store_(store), matchers_(std::move(matchers)), feed_(store.feed(matchers_)) {}

  /// Asks the feed, and takes from a querier what it leaves to one.
  void update();
  /// As describe() says it, from `start` on; series without samples there are left out.
  std::string text(Timestamp start = storage::kOldestTime) const;

  std::size_t lost = 0;       // how often it had to start over
  std::size_t rewritten = 0;  // ranges told
  std::size_t went = 0;       // series told to be gone

 private:
  /// Replaces the samples in [start, end] of all series by what a querier made now has.
  void read(Timestamp start, Timestamp end);
  static void put(ReadSeries& to, const storage::SampleColumns& samples);

  storage::Queryable& store_;
  const std::vector<model::Matcher> matchers_;
  std::unique_ptr<storage::SeriesFeed> feed_;
  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, ReadSeries> series_;
};

}  // namespace tocsin::test
