#pragma once
// The least that a store can do: samples lie in memory as columns, reading copies them. What is measured on it is the
// engine.

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/storage.hpp"

namespace tocsin::bench {

struct StoredSeries {
  model::Labels labels;
  std::vector<Timestamp> times;
  std::vector<double> values;
};

class ColumnStore final : public storage::Queryable {
 public:
  void add(StoredSeries series) { series_.push_back(std::move(series)); }

  Result<std::unique_ptr<storage::Querier>> querier(Timestamp, Timestamp) override {
    return std::make_unique<ColumnQuerier>(series_);
  }

 private:
  class Set final : public storage::SeriesSet {
   public:
    Set(const std::vector<StoredSeries>& series, std::span<const model::Matcher> matchers)
        : series_(series), matchers_(matchers.begin(), matchers.end()) {}
    bool next() override {
      while (++at_ < series_.size()) {
        if (model::match_all(matchers_, series_[at_].labels)) return true;
      }
      return false;
    }
    const model::Labels& labels() const override { return series_[at_].labels; }
    std::uint64_t id() const override { return at_; }
    Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
      const StoredSeries& series = series_[at_];
      const auto from = std::lower_bound(series.times.begin(), series.times.end(), start);
      const auto to = std::upper_bound(from, series.times.end(), end);
      out.clear();
      out.times.assign(from, to);
      out.values.assign(series.values.begin() + (from - series.times.begin()),
                        series.values.begin() + (to - series.times.begin()));
      return {};
    }
    Result<void> status() const override { return {}; }

   private:
    const std::vector<StoredSeries>& series_;
    std::vector<model::Matcher> matchers_;
    std::size_t at_ = static_cast<std::size_t>(-1);
  };

  class ColumnQuerier final : public storage::Querier {
   public:
    explicit ColumnQuerier(const std::vector<StoredSeries>& series) : series_(series) {}
    std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints&,
                                               std::span<const model::Matcher> matchers) override {
      return std::make_unique<Set>(series_, matchers);
    }
    Result<std::vector<std::string>> label_names(std::span<const model::Matcher>, std::size_t) override {
      return std::vector<std::string>();
    }
    Result<std::vector<std::string>> label_values(std::string_view, std::span<const model::Matcher>,
                                                  std::size_t) override {
      return std::vector<std::string>();
    }

   private:
    const std::vector<StoredSeries>& series_;
  };

  std::vector<StoredSeries> series_;
};

}  // namespace tocsin::bench
