#pragma once
// Writing exposition text 0.0.4.
//
// TextWriter renders at once, for a page that is made anew each time. CachedFamily keeps the text in front of each
// value
// (`name{a="b"} `, the head) and renders heads and numbers only: a page whose series stay costs a copy and a number per
// line. A Page holds the families of one source (a collector, a registry); its rendered texts are merged with those of
// other pages in order of family names, as client_golang's registries write them.
//
// What every writer here does: HELP escapes `\` and newline, label values also `"`; bytes that are not UTF-8 become
// U+FFFD; names outside [a-zA-Z_:][a-zA-Z0-9_:]* are quoted (`{"my.metric"}`, the UTF-8 names of Prometheus 3); labels
// stand in order of their names, empty values too; numbers by append_float_expo. Source:
// prometheus/common expfmt/text_create.go; Prometheus docs, "Exposition formats".

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Appends `# HELP` (unless the help is empty) and `# TYPE`. kUnknown is written "untyped"; the types of OpenMetrics
/// that 0.0.4 lacks become the nearest one: info and stateset "gauge", gaugehistogram "histogram".
void append_family_header(std::string& out, std::string_view name, std::string_view help, model::MetricType type);

/// Appends what stands before a value, with the blank: `name_suffix{a="b",le="1"} `. `extra` is one more label (le,
/// quantile), written last; none if its name is empty.
void append_head(std::string& out, std::string_view name, std::string_view suffix,
                 std::span<const model::LabelView> labels, model::LabelView extra = {});

/// Buckets of a classic histogram: cumulative counts. +Inf is added from `count` if it is not there.
struct Bucket {
  double upper_bound = 0;
  double cumulative_count = 0;
};
struct Quantile {
  double quantile = 0;
  double value = 0;
};

/// Renders straight to a text. Thread: one. Keeps views of the name until the next family().
class TextWriter {
 public:
  explicit TextWriter(std::string& out) : out_(out) {}

  void family(std::string_view name, std::string_view help, model::MetricType type);
  /// One line of the family: name + suffix, labels in any order, the value, the time in milliseconds if there is one.
  void sample(std::string_view suffix, std::span<const model::LabelView> labels, double value,
              std::optional<Timestamp> timestamp = {}, model::LabelView extra = {});
  void sample(std::string_view suffix, std::initializer_list<model::LabelView> labels, double value,
              std::optional<Timestamp> timestamp = {}) {
    sample(suffix, std::span<const model::LabelView>(labels.begin(), labels.size()), value, timestamp);
  }
  void sample(std::initializer_list<model::LabelView> labels, double value) { sample({}, labels, value); }
  void sample(double value) { sample({}, std::span<const model::LabelView>{}, value); }
  /// _bucket lines with le, _sum, _count.
  void histogram(std::span<const model::LabelView> labels, std::span<const Bucket> buckets, double sum, double count,
                 std::optional<Timestamp> timestamp = {});
  /// Lines with quantile, _sum, _count.
  void summary(std::span<const model::LabelView> labels, std::span<const Quantile> quantiles, double sum, double count,
               std::optional<Timestamp> timestamp = {});

 private:
  std::string& out_;
  std::string name_;
};

/// A family whose series are put anew each round, with their heads kept. Thread: one at a time. Owns copies of all
/// texts.
///
///   family.begin();
///   for (auto& cpu : cpus) family.put({{"cpu", cpu.name}, {"mode", "idle"}}, cpu.idle);
///   family.end();                      // what was not put in this round is gone
///   family.render(out);
///
/// A put that repeats the labels of the put at the same place of the last round costs a comparison; another order costs
/// a look-up; a new label set renders its head. Lines are written in order of label values (client_golang's order).
class CachedFamily {
 public:
  CachedFamily(std::string name, std::string help, model::MetricType type);

  void begin();
  /// The same label set twice in a round: the last value stands.
  void put(std::span<const model::LabelView> labels, double value, std::optional<Timestamp> timestamp = {});
  void put(std::initializer_list<model::LabelView> labels, double value) {
    put(std::span<const model::LabelView>(labels.begin(), labels.size()), value);
  }
  void put(double value) { put(std::span<const model::LabelView>{}, value); }
  void put_histogram(std::span<const model::LabelView> labels, std::span<const Bucket> buckets, double sum,
                     double count, std::optional<Timestamp> timestamp = {});
  void put_summary(std::span<const model::LabelView> labels, std::span<const Quantile> quantiles, double sum,
                   double count, std::optional<Timestamp> timestamp = {});
  void end();

  /// Appends the header and the lines; nothing if there are no series. Call between end() and begin().
  void render(std::string& out) const;
  /// As render(), without the header.
  void render_lines(std::string& out) const;

  const std::string& name() const { return name_; }
  const std::string& header() const { return header_; }
  /// Lines it writes now.
  std::size_t size() const { return lines_; }

 private:
  struct Metric {
    std::string key;    // the put's labels, encoded; of a histogram or summary also its bounds
    std::string heads;  // of its lines, one after the other
    std::vector<std::uint32_t> head_ends;
    std::vector<double> values;  // one per line
    std::optional<Timestamp> timestamp;
    std::uint64_t round = 0;
    std::size_t place = 0;  // in put_order_
  };
  void start_key(std::span<const model::LabelView> labels);
  /// The metric of key_, found or made (then its heads are empty); counted as seen in this round.
  Metric& seen();
  void set(Metric& metric, double sum, double count, std::optional<Timestamp> timestamp);
  void add_line(Metric& metric, std::string_view suffix, std::span<const model::LabelView> labels,
                model::LabelView extra = {});
  void sort_lines();

  std::string name_, help_, header_;
  model::MetricType type_;
  std::unordered_map<std::string_view, std::unique_ptr<Metric>> metrics_;  // by Metric::key
  std::vector<Metric*> put_order_;                                         // of the last round
  std::vector<Metric*> next_order_;                                        // of this round
  std::vector<Metric*> line_order_;                                        // as rendered
  std::string key_;                                                        // of the current put
  std::size_t cursor_ = 0;  // where in put_order_ the next put is expected
  std::size_t lines_ = 0;
  std::uint64_t round_ = 1;
  bool changed_ = false;  // a metric came in this round
};

/// The text of a page, and where its families stand in it. Immutable once shared between threads.
struct RenderedPage {
  struct Family {
    std::string name;
    std::size_t begin = 0, lines_begin = 0, end = 0;  // header, lines, end in `text`
  };
  std::string text;
  std::vector<Family> families;  // by name
};

/// The families of one source. Thread: one at a time. References to families are valid as long as the page lives.
class Page {
 public:
  /// Finds or makes it. The help and type of the first call stand.
  CachedFamily& family(std::string_view name, std::string_view help, model::MetricType type);
  /// begin() and end() of every family.
  void begin();
  void end();
  /// Replaces `out`. Families without series are left out.
  void render(RenderedPage& out) const;
  std::string render() const;

 private:
  std::map<std::string, CachedFamily, std::less<>> families_;
};

/// Appends all families of the pages in order of names. A family that several pages have is written once, with the
/// header of the first and the lines of all.
void append_merged(std::string& out, std::span<const RenderedPage* const> pages);

}  // namespace tocsin::expo
