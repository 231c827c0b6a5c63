#pragma once
// One page into one appender.
//
// As long as row i carries the series text of entry i of the last page, it is compared, and its value appended by ref.
// At the first other row the reader begins a new order: what came before is copied, rows are looked up by their text
// (and the comparison goes on behind the place where one was found), and only what is not found has its labels read.
// A native histogram is one row; it is made coarser, or refused, as the limits say.

#include <optional>
#include <string>
#include <vector>

#include "config/prometheus_config.hpp"
#include "expo/format.hpp"
#include "model/labels.hpp"
#include "scrape/page_metadata.hpp"
#include "scrape/scrape_cache.hpp"
#include "storage/storage.hpp"

namespace tocsin::scrape {

inline constexpr std::string_view kSampleLimitError = "sample limit exceeded";
inline constexpr std::string_view kBucketLimitError = "histogram bucket limit exceeded";

/// What happened to the rows of one page.
struct PageCounts {
  std::uint64_t scraped = 0;        // rows with a sample
  std::uint64_t after_relabel = 0;  // those that relabelling left
  std::uint64_t series_added = 0;
  std::uint64_t stale_markers = 0;
  std::uint64_t out_of_order = 0, duplicates = 0, out_of_bounds = 0, series_limit = 0;
  std::uint64_t exemplars_out_of_order = 0;
  std::uint64_t by_position = 0, by_text = 0, fresh = 0;
};

/// What a page becomes: whose it is, and by which configuration.
struct PageRules {
  const config::ScrapeConfig& config;
  const model::Labels& target;  // public labels
  expo::HistogramOptions histograms;
  bool type_and_unit_labels = false;  // series get __type__ and __unit__
};

/// Thread: that of the scrape. Lives for one page.
class PageReader {
 public:
  /// @param t      time of samples that carry none
  /// @param max_t  samples beyond are refused
  /// @param metadata  sees the rows of metadata; its begin() and end() are the caller's to call
  PageReader(ScrapeCache& cache, const PageRules& rules, storage::Appender& appender, Timestamp t, Timestamp max_t,
             PageMetadata& metadata, PageCounts& counts)
      : cache_(cache), rules_(rules), appender_(appender), t_(t), max_t_(max_t), metadata_(metadata), counts_(counts) {}

  /// Appends every sample. On an error the page counts for nothing: the caller rolls back, and the cache stays as it
  /// was.
  Result<void> read(std::string_view page, expo::PageFormat format);
  /// Ends the series that stood on the last page and not on this. After read().
  void mark_vanished();
  /// Tells the store type, unit and help of the page's series, as `metadata` (sorted by name) has them: of all series,
  /// or of those that were appended by their labels. After read() was good, before the commit.
  void tell_metadata(std::string_view page, expo::PageFormat format, const std::vector<MetricMetadata>& metadata,
                     bool all);
  /// Makes this page the one that the next is compared with. After a commit.
  void accept();
  /// xxhash64 of the metric names of series whose labels were read, some of them more than once.
  std::vector<std::uint64_t> take_fresh_names() { return std::move(fresh_names_); }

 private:
  using Entry = ScrapeCache::Entry;
  /// Once for each format, so that the parser's functions are called directly for each row.
  template <typename PageParser>
  Result<void> read_rows(PageParser& parser, std::string_view page);
  Result<void> take_at(expo::Parser& parser, const expo::Row& row, std::size_t index);
  Result<void> take_by_text(expo::Parser& parser, const expo::Row& row);
  Result<void> take_new(expo::Parser& parser, const expo::Row& row);
  Result<void> append(expo::Parser& parser, const expo::Row& row, Entry& entry);
  Result<void> append_by_labels(expo::Parser& parser, const expo::Row& row, Timestamp t, Entry& entry);
  void append_first(expo::Parser& parser, const expo::Row& row, const model::Labels& labels, Timestamp t, Entry& entry);
  /// The row's value, a number or histogram_.
  storage::AppendResult append_value(const expo::Row& row, storage::SeriesRef ref, const model::Labels* labels,
                                     Timestamp t);
  /// Takes the histogram of a row into histogram_, as coarse as the configuration wants it. @return false if it still
  /// has too many buckets; kInvalid, in Prometheus' words, if it makes no sense.
  Result<bool> take_histogram(expo::Parser& parser);
  /// Of a row whose sample was appended at `t`. Those that the store has already, it leaves out.
  void append_exemplars(expo::Parser& parser, const expo::Row& row, Timestamp t, storage::SeriesRef ref);
  storage::AppendStatus append_exemplar(expo::Parser& parser, const expo::ExemplarText& exemplar, Timestamp t,
                                        storage::SeriesRef ref);
  void note(const storage::AppendResult& result, Entry& entry);
  /// The time of the row's sample; sets whether its series is tracked. Nothing if the sample is not to be appended.
  std::optional<Timestamp> admit(const expo::Row& row, Entry& entry);
  Result<std::optional<model::Labels>> labels_of(expo::Parser& parser, const expo::Row& row);
  /// Of a row of metadata.
  void see_type_and_unit(const expo::Row& row);

  void begin_change();
  void index_texts();
  void append_stale(storage::SeriesRef ref);

  ScrapeCache& cache_;
  const PageRules& rules_;
  storage::Appender& appender_;
  const Timestamp t_, max_t_;
  PageMetadata& metadata_;
  PageCounts& counts_;

  SeriesTexts::Cursor expected_ = cache_.texts.begin();
  std::string_view before_;    // the text of the entry before expected_, as it stands on this page
  std::string kept_before_;    // the same, where the parser does not keep it
  std::uint64_t limited_ = 0;  // samples that count for sample_limit
  bool limit_exceeded_ = false, bucket_limit_exceeded_ = false;
  // What the page said last of families.
  bool is_protobuf_ = false;
  model::MetricType type_ = model::MetricType::kUnknown;
  std::string_view unit_, unit_family_;

  bool changed_ = false;  // the page is not the last one: what follows is in use
  ScrapeCache next_;
  std::vector<bool> seen_;          // entries of the last page
  std::optional<TextIndex> index_;  // of entries of the last page, then of new ones of this, behind them
  std::vector<storage::SeriesRef> fresh_refs_;
  std::vector<std::uint64_t> fresh_names_;
  std::vector<model::LabelView> row_labels_;
  std::shared_ptr<const model::FloatHistogram> histogram_;  // of the row
  std::vector<expo::ExemplarText> exemplars_;
  std::string text_;  // scratch
};

}  // namespace tocsin::scrape
