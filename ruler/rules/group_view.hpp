#pragma once
// What the rules of a group see during one evaluation: the store as it was when the evaluation began, and on top of it
// what earlier rules of the same evaluation stored. A scrape that is committed meanwhile is seen by all of them or by
// none.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/labels.hpp"
#include "model/sample.hpp"
#include "storage/storage.hpp"

namespace tocsin::rules {

/// A sample that a rule stored.
struct OwnSample {
  model::Labels labels;
  Timestamp t = 0;
  double v = 0;
  model::HistogramPtr h;  // set: a histogram
};

/// Thread: one at a time; its queriers too, and they may be used one after the other only.
class GroupView final : public storage::Queryable {
 public:
  /// Pins the store as it is now. @return the store's error.
  static Result<std::unique_ptr<GroupView>> pin(storage::Queryable& store);

  /// Adds what was committed. Queriers that exist already do not change.
  void add(std::vector<OwnSample> samples);

  /// Answers for all times, whatever the bounds.
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override;

  /// One series of the own samples: by time. `id` never equals one of the store.
  struct OwnSeries {
    std::uint64_t id = 0;
    std::map<Timestamp, OwnSample> samples;
  };
  /// By metric name, then by labels.
  using OwnMap = std::map<std::string, std::map<model::Labels, OwnSeries>, std::less<>>;

 private:
  explicit GroupView(std::shared_ptr<storage::Querier> base) : base_(std::move(base)) {}

  const std::shared_ptr<storage::Querier> base_;
  std::shared_ptr<OwnMap> own_ = std::make_shared<OwnMap>();
  std::uint64_t own_series_ = 0;
};

}  // namespace tocsin::rules
