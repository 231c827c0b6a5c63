#pragma once
// What a worker does with a scrape: the page, staleness markers and the report, in one batch.

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/prometheus_config.hpp"
#include "expo/format.hpp"
#include "model/labels.hpp"
#include "net/http.hpp"
#include "scrape/metadata.hpp"
#include "scrape/page_metadata.hpp"
#include "scrape/page_reader.hpp"
#include "scrape/scrape_cache.hpp"
#include "storage/storage.hpp"

namespace tocsin::scrape {

/// By which configuration a target's pages are read. Immutable; a reload makes a new one.
struct IngestRules {
  std::shared_ptr<const config::ScrapeConfig> config;
  model::Labels target;  // public labels
  expo::HistogramOptions histograms = {};
  bool type_and_unit_labels = false;  // series get __type__ and __unit__
  bool metadata = false;              // the store is told type, unit and help
};

/// A scrape that is over: a page, or the reason why there is none. Owns the page.
struct ScrapeInput {
  std::shared_ptr<const IngestRules> rules;
  net::Body page;
  expo::PageFormat format = expo::PageFormat::kText;
  std::string error;  // "" if there is a page
  Timestamp t = 0;    // of all samples without a time of their own
  MonoTime started{0};
  Duration timeout{0};
  double body_bytes = 0;  // of the page; -1 if it exceeded body_size_limit
};

struct ScrapeOutcome {
  std::string error;  // why up is 0; "" if the scrape was good
  Errc error_code = Errc::kInvalid;
  std::string commit_error;  // the store refused the batch
  double duration_seconds = 0;
  std::size_t cache_bytes = 0;
  PageCounts counts;
  MetadataPtr metadata;                    // nullptr: as before
  std::vector<std::uint64_t> fresh_names;  // xxhash64 of metric names that may be new to the target
};

/// The names of the series that tell of the scrape itself: "up", ...
std::span<const std::string_view> report_names();

/// The part of a target that workers own. Thread: one scrape at a time; the loop lets go of it meanwhile.
class TargetIngest {
 public:
  /// Source of the order of things: Prometheus scrape/scrape.go, scrapeAndReport.
  ScrapeOutcome scrape(const ScrapeInput& input, storage::Appendable& storage, Clock& clock);
  /// The target is gone: ends all of its series at `t`. @return the markers written.
  Result<std::uint64_t> end(const IngestRules& rules, Timestamp t, storage::Appendable& storage);

 private:
  static constexpr std::size_t kReports = 8;
  void use_rules(const std::shared_ptr<const IngestRules>& rules);
  void tell_metadata(const ScrapeInput& input, const MetadataPtr& changed, PageReader& reader);
  std::uint64_t end_series(Timestamp t, storage::Appender& appender);
  /// How many of the report series there are: the last three are extra_scrape_metrics.
  static std::size_t report_count(const IngestRules& rules) { return rules.config->extra_scrape_metrics ? 8 : 5; }
  void report(const IngestRules& rules, Timestamp t, const std::array<double, kReports>& values,
              storage::Appender& appender);

  /// Takes from the series added by a page those that were told already, of failed pages since the last good one: what
  /// stood on them is known, as in Prometheus, whose cache outlives a failed page.
  void tell_additions_once(bool good, PageCounts& counts);

  ScrapeCache cache_;
  std::uint64_t told_additions_ = 0;
  PageMetadata metadata_;
  MetadataPtr known_metadata_;                // of the last good page, if the store is told of metadata
  bool metadata_told_ = false;                // the store has it
  std::shared_ptr<const IngestRules> rules_;  // of the last scrape
  std::array<storage::SeriesRef, kReports> report_refs_{};
};

}  // namespace tocsin::scrape
