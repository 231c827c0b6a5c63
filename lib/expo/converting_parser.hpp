#pragma once
// Text and OpenMetrics with classic histograms turned into native ones with custom buckets.
//
// The rows of one classic histogram (_bucket, _sum, _count of one label set, in any order) stand together on a page of
// a family whose TYPE is histogram. They are collected until a row of something else comes, and give one native
// histogram in their place; if it cannot be made of them (counts that do not rise, say), nothing. Source: Prometheus
// model/textparse/nhcbparse.go (3.14). Difference: the histogram has the timestamp of its own rows, not of the row
// behind them.

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expo/custom_buckets.hpp"
#include "expo/parser.hpp"

namespace tocsin::expo {

class ConvertingParser final : public Parser {
 public:
  /// Row::series lives until the row after the next.
  static constexpr bool kKeepsSeries = false;
  /// @param keep_classic  the classic series are rows as well.
  ConvertingParser(std::unique_ptr<Parser> page, bool keep_classic)
      : inner_(std::move(page)), keep_classic_(keep_classic) {}

  RowKind next(Row& row) override;
  bool next_known(std::string_view shared, std::string_view rest, Row& row) override;
  ParseErrc labels(const Row& row, std::vector<model::LabelView>& out) override;
  void exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) override;
  std::unique_ptr<model::FloatHistogram> histogram() override { return std::move(made_); }
  void histogram_exemplars(std::vector<ExemplarText>& out) override;
  ParseError error() const override { return inner_->error(); }
  std::string describe_error(std::string_view page) const override { return inner_->describe_error(page); }

 private:
  enum class Suffix : std::uint8_t { kNone, kBucket, kCount, kSum };
  /// Finds the next row, if it is not known: it is in row_, or the histogram made_.
  void find();
  /// row_ is a series. @return whether it is swallowed.
  bool collect();
  /// Reads row_ as one of a classic histogram: sets suffix_, bound_ and key_.
  void classify();
  /// Takes the labels of row_, the first one of a histogram.
  void begin();
  /// Makes the histogram of what was collected. @return whether there is one.
  bool make();
  void fill(Row& row);

  const std::unique_ptr<Parser> inner_;
  const bool keep_classic_;
  std::string family_;  // of the last TYPE, and what that is
  model::MetricType type_ = model::MetricType::kUnknown;

  Row row_;             // of the page: the next one if found_ and not emitting_; if held_, the one behind the histogram
  bool found_ = false;  // the next row is known
  bool held_ = false;
  bool emitting_ = false;  // the next row if found_, else the last, is the histogram
  Suffix suffix_ = Suffix::kNone;
  double bound_ = 0;  // of a bucket
  std::string key_;   // of the histogram that row_ belongs to: its name and labels

  // The histogram that is collected, or was made last.
  bool collecting_ = false;
  CustomBuckets buckets_;
  std::string collected_key_;
  std::vector<std::pair<std::string, std::string>> collected_labels_;
  std::vector<ExemplarText> exemplars_;
  bool has_timestamp_ = false;
  Timestamp timestamp_ = 0;
  Timestamp start_ = 0;  // that of the first row
  std::unique_ptr<model::FloatHistogram> made_;
  std::array<std::string, 2> made_keys_;  // of the last histogram and the one before
  unsigned made_key_ = 0;
  std::vector<model::LabelView> labels_;  // scratch
};

}  // namespace tocsin::expo
