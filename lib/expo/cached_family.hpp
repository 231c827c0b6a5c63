#pragma once
// A family of exposition text 0.0.4 whose heads are kept between rounds; see writer.hpp.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "expo/rendered_page.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

class Page;
struct PageRules;

/// Buckets of a classic histogram: cumulative counts. +Inf is added from `count` if it is not there.
struct Bucket {
  double upper_bound = 0;
  double cumulative_count = 0;
};
struct Quantile {
  double quantile = 0;
  double value = 0;
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
  /// @param rules  those of the page that it belongs to; they outlive it.
  CachedFamily(std::string name, std::string help, model::MetricType type, PageRules* rules = nullptr);

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
  // About the series put last, in this round; text 0.0.4 does not show it.
  /// When a counter, histogram or summary began to count.
  void set_created(Timestamp created);
  /// Of a counter; dropped if its labels are longer than OpenMetrics allows (128 characters in all).
  void set_exemplar(Exemplar exemplar) { set_exemplar(0, std::move(exemplar)); }
  /// Of a histogram's bucket, the first being 0.
  void set_exemplar(std::size_t bucket, Exemplar exemplar);
  void end();

  /// Appends the header and the lines; nothing if there are no series. Call between end() and begin().
  void render(std::string& out) const;
  /// As render(), without the header.
  void render_lines(std::string& out) const;
  /// Appends the same to the text and the families of a page.
  void render(RenderedPage& out) const;

  const std::string& name() const { return info_->name; }
  const std::string& header() const { return info_->header; }
  /// Lines it writes now.
  std::size_t size() const { return lines_; }

 private:
  friend class Page;
  friend struct PageRules;
  enum class Kind : std::uint8_t { kValue, kHistogram, kSummary };
  /// What set_created() and set_exemplar() said in this round.
  struct Notes {
    std::optional<Timestamp> created;
    std::vector<std::pair<std::size_t, std::shared_ptr<const Exemplar>>> exemplars;  // by line
  };
  struct Metric {
    std::string key;    // the put's labels, encoded; of a histogram or summary also its bounds
    std::string heads;  // of its lines, one after the other; made at the end of its first round
    std::vector<std::uint32_t> head_ends;
    std::vector<double> values;  // one per line
    std::optional<Timestamp> timestamp;
    std::unique_ptr<Notes> notes;
    std::uint64_t round = 0;    // that put it last
    std::uint64_t born = 0;     // its first round
    std::size_t place = 0;      // in put_order_
    std::uint64_t arrival = 0;  // numbers all metrics that the family ever had
    double rank = 0;            // its first value (count); see before()
    Kind kind = Kind::kValue;
    bool cut = false;  // beyond the page's limit in this round
  };
  /// What became of the series beyond the page's limit in this round; see PageRules.
  struct Other {
    std::vector<std::pair<std::string, std::string>> labels;  // those that differ are "other"
    std::size_t folded_lines = 0;                             // put in this round, but not kept
    bool any = false;                                         // something was added to `sum`
    double sum = 0;
    double last_sum = 0;              // of the last round
    std::optional<double> total;      // as written in the last round
    std::optional<Timestamp> newest;  // of the timestamps
  };

  void start_key(Kind kind, std::span<const model::LabelView> labels);
  /// The metric of key_, found or made; counted as seen in this round. Null if it is new and beyond the page's limit.
  Metric* seen(Kind kind, double first_value, std::size_t lines);
  Metric* make(Kind kind, double first_value, std::size_t lines);
  void set(Metric& metric, double sum, double count, std::optional<Timestamp> timestamp);
  void make_heads(Metric& metric);
  void add_line(Metric& metric, std::string_view suffix, std::span<const model::LabelView> labels,
                model::LabelView extra = {}) const;
  void sort_lines();
  /// @param notes  where the metric's go; null if it has none.
  static void append_lines(std::string& out, const Metric& metric, std::vector<RenderedPage::Note>* notes);
  /// Appends the header and the lines, of which there are some; `family` is where they stand.
  void render(std::string& text, RenderedPage::Family& family) const;
  /// Drops all metrics: their heads are no longer right.
  void forget();
  /// Takes no series from now on.
  void close();

  // series_limit.cpp
  std::size_t put_lines() const { return stored_lines_ + other_.folded_lines; }
  static bool before(const Metric& a, const Metric& b);
  void cut_to(std::size_t room);
  void fold(std::span<const model::LabelView> labels, double value, std::optional<Timestamp> timestamp);
  void merge_other_labels(std::span<const model::LabelView> labels);
  void put_other();

  std::shared_ptr<const FamilyInfo> info_;
  PageRules* rules_ = nullptr;                                             // the page's; null without a page
  std::unordered_map<std::string_view, std::unique_ptr<Metric>> metrics_;  // by Metric::key
  std::vector<Metric*> put_order_;                                         // of the last round
  std::vector<Metric*> next_order_;                                        // of this round
  std::vector<Metric*> line_order_;                                        // as rendered
  std::string key_;                                                        // of the current put
  std::size_t cursor_ = 0;  // where in put_order_ the next put is expected
  std::size_t lines_ = 0;
  std::uint64_t round_ = 1;
  std::size_t stored_lines_ = 0;  // of next_order_
  std::uint64_t arrivals_ = 0;
  bool adds_up_ = false;
  bool closed_ = false;
  bool in_order_ = true;                                   // next_order_ is the beginning of put_order_
  bool quoted_ = false;                                    // names beyond [a-zA-Z_:][a-zA-Z0-9_:]* were put
  bool changed_ = true;                                    // its text is another than when the page was shared last
  Metric* last_ = nullptr;                                 // what was put last; null if it is not kept
  double bar_ = -std::numeric_limits<double>::infinity();  // newcomers of a lower rank or the same are not kept...
  bool barred_ = false;                                    // ...if this is set
  Other other_;
};

}  // namespace tocsin::expo
