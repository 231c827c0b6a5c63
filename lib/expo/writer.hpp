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
#include <vector>

#include "base/time.hpp"
#include "expo/cached_family.hpp"
#include "expo/rendered_page.hpp"
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

/// The families of one source. Thread: one at a time. References to families are valid as long as the page lives.
class Page {
 public:
  Page();
  ~Page();
  Page(Page&&) noexcept;
  Page& operator=(Page&&) noexcept;

  /// Labels written on every series, beside those of the put; a put's own label of the same name stands. What was put
  /// before is forgotten if they change.
  void set_constant_labels(std::span<const model::LabelView> labels);
  void set_constant_labels(std::initializer_list<model::LabelView> labels) {
    set_constant_labels(std::span<const model::LabelView>(labels.begin(), labels.size()));
  }
  /// At most `lines` lines of series from now on, and as many families; 0: no limit. When more are put, the largest
  /// families are cut, all to the same size, and what does not fit is summed into one series of the family whose
  /// differing labels are "other", or left out if it does not add up; see page_rules.hpp. Memory and time stay in
  /// proportion to the limit and the puts.
  void limit_series(std::size_t lines);
  /// Lines of the last round that were summed into others or left out. A series put twice in a round counts twice.
  std::size_t dropped() const { return dropped_; }

  /// Finds or makes it. The help and type of the first call stand.
  CachedFamily& family(std::string_view name, std::string_view help, model::MetricType type);
  /// begin() and end() of every family.
  void begin();
  void end();
  /// Replaces `out`. Families without series are left out.
  void render(RenderedPage& out) const;
  std::string render() const;
  /// The same, for other threads to keep. Costs what changed since the last call: families that did not are copied from
  /// the page that it made, and if none did, it is that page again.
  std::shared_ptr<const RenderedPage> share();

 private:
  std::shared_ptr<RenderedPage> blank();
  std::unique_ptr<PageRules> rules_;
  std::map<std::string, CachedFamily, std::less<>> families_;
  std::vector<CachedFamily*> by_name_;     // families_ in order, once share() has been called
  std::unique_ptr<CachedFamily> surplus_;  // stands for the families beyond the limit
  std::size_t dropped_ = 0;
  std::shared_ptr<RenderedPage> shared_;  // by the last share()
  std::shared_ptr<RenderedPage> spare_;   // by the one before; written anew once nobody else has it
};

/// Appends all families of the pages in order of names. A family that several pages have is written once, with the
/// header of the first and the lines of all.
void append_merged(std::string& out, std::span<const RenderedPage* const> pages);

}  // namespace tocsin::expo
