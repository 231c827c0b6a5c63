#pragma once
// Protobuf pages (delimited io.prometheus.client.MetricFamily) as rows, as if they were text.
//
// Source: Prometheus model/textparse/protobufparse.go (3.14). A family gives its HELP, UNIT and TYPE, then for each
// metric: a counter, gauge or untyped its one series; a summary _count, _sum and its quantiles; a histogram with a
// native part (if those are wanted) one native histogram and, if both are wanted, the classic series behind it; a
// classic histogram _count, _sum and its buckets, +Inf among them though the page may leave it out, then, if it is to
// be converted, a native histogram with custom buckets (instead of the series, unless both are wanted).
// Families without a metric give nothing. Differences: exemplars and checks of a native histogram do not depend on the
// metric before it; at most kMaxElements buckets (metric_family.hpp); less than a row for two bytes of the page.
//
// The series of a row, a key that only this parser reads:
//   family name, suffix, 0xff, the metric's labels as they stand on the page, and for a quantile or a bucket 0x00 and
//   the bits of its number. The same metric in two spellings (labels in another order) has two keys, as in a text.

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expo/custom_buckets.hpp"
#include "expo/parser.hpp"
#include "wire/metric_family.hpp"

namespace tocsin::expo {

class ProtobufParser final : public Parser {
 public:
  /// Row::series lives until the row after the next.
  static constexpr bool kKeepsSeries = false;
  explicit ProtobufParser(std::string_view page, const HistogramOptions& options = {});

  RowKind next(Row& row) override;
  bool next_known(std::string_view shared, std::string_view rest, Row& row) override;
  ParseErrc labels(const Row& row, std::vector<model::LabelView>& out) override;
  void exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) override;
  std::unique_ptr<model::FloatHistogram> histogram() override;
  void histogram_exemplars(std::vector<ExemplarText>& out) override;
  ParseError error() const override { return {ParseErrc::kProtobuf, error_offset_}; }
  std::string describe_error(std::string_view page) const override;

 private:
  using Step = wire::MetricFamilyReader::Step;
  /// What the next row is.
  enum class Part : std::uint8_t {
    kNone,  // not known yet
    kHelp,
    kUnit,
    kType,
    kValue,   // of a counter, gauge, untyped
    kNative,  // the native histogram
    kCount,   // and the three that are classic: of a summary too
    kSum,
    kElement,    // bucket or quantile element_
    kConverted,  // the histogram with custom buckets
    kEnd,
    kError,
  };

  /// Finds out what the next row is, if that is not known.
  void find();
  Part part_behind();
  Part next_family();
  Part next_metric();
  Part begin_metric();
  Part convert();
  Part element(std::size_t i);
  Part fail(std::string message, std::size_t offset);
  Part fail_by_reader() { return fail(reader_.error(), reader_.error_offset()); }
  /// A text of the family, or, if the family has none, where it ends.
  std::size_t offset_of(std::string_view text) const {
    const bool is_there = text.data() >= page_.data() && text.data() <= page_.data() + page_.size();
    return is_there ? static_cast<std::size_t>(text.data() - page_.data()) : reader_.family_end();
  }

  bool is_series() const { return part_ >= Part::kValue && part_ <= Part::kConverted; }
  bool is_summary() const { return type() == wire::ProtoType::kSummary; }
  /// The metric is read as a native histogram.
  bool is_native() const { return options_.native && reader_.metric().histogram.is_native(); }
  wire::ProtoType type() const { return static_cast<wire::ProtoType>(reader_.family().type); }
  std::string_view suffix() const;
  /// Of the bucket or quantile.
  double element_number() const;
  double value() const;
  /// The key of the row that is next, in the buffer that does not hold the last row's.
  std::string_view make_key();
  RowKind take_metadata(Row& row);
  RowKind take_series(Row& row);
  /// @return false if there is none, or the page has failed.
  bool read_exemplar(std::string_view message, ExemplarText& out);

  const std::string_view page_;
  const HistogramOptions options_;
  wire::MetricFamilyReader reader_;
  std::size_t rows_ = 0;
  Part part_ = Part::kNone;  // the next row if found_, else the last one
  bool found_ = false;
  std::size_t element_ = 0;  // of a kElement
  std::array<std::string, 2> keys_;
  unsigned key_ = 0;      // the last row's
  bool has_key_ = false;  // the other one is the next row's
  CustomBuckets buckets_;
  std::unique_ptr<model::FloatHistogram> converted_;
  std::string name_, number_;  // views of labels() are of these
  std::string error_;
  std::size_t error_offset_ = 0;
};

}  // namespace tocsin::expo
