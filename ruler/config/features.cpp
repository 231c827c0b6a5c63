#include "config/features.hpp"

#include <algorithm>
#include <iterator>

#include "base/strings.hpp"

namespace tocsin::config {
namespace {

using log::Level;

struct Row {
  std::string_view name;
  bool Features::* member;  // nullptr: switches nothing
  Level level;
  std::string_view text;
};

constexpr std::string_view kAlways =
    "This option for --enable-feature is now permanently enabled and therefore a no-op.";

// What is built says what Prometheus says; what is not says why.
constexpr Row kRows[] = {
    {"created-timestamp-zero-ingestion", &Features::created_timestamp_zero_ingestion, Level::kInfo,
     "Experimental start timestamp zero ingestion enabled. OpenMetrics 1.0 parsing will parse <metric>_created metrics "
     "as ST instead of normal sample. Changed default scrape_protocols to prefer PrometheusProto format."},
    {"st-storage", &Features::st_storage, Level::kInfo,
     "Experimental start timestamp storage enabled. OpenMetrics 1.0 parsing will parse <metric>_created metrics as ST "
     "instead of normal sample. Changed default scrape_protocols to prefer PrometheusProto format."},
    {"metadata-wal-records", &Features::metadata_wal_records, Level::kInfo, "Experimental metadata records enabled"},
    {"type-and-unit-labels", &Features::type_and_unit_labels, Level::kInfo,
     "Experimental type and unit labels enabled"},
    {"extra-scrape-metrics", &Features::extra_scrape_metrics, Level::kWarn,
     "This option for --enable-feature is being phased out. It currently changes the default for the "
     "extra_scrape_metrics config setting to true, but will become a no-op in a future version. Stop using this option "
     "and set extra_scrape_metrics in the config instead."},
    {"promql-experimental-functions", &Features::promql_experimental_functions, Level::kInfo,
     "Experimental PromQL functions enabled."},
    {"promql-extended-range-selectors", &Features::promql_extended_range_selectors, Level::kInfo,
     "Experimental PromQL extended range selectors enabled."},
    {"promql-binop-fill-modifiers", &Features::promql_binop_fill_modifiers, Level::kInfo,
     "Experimental PromQL binary operator fill modifiers enabled."},
    {"promql-delayed-name-removal", &Features::promql_delayed_name_removal, Level::kInfo,
     "Experimental PromQL delayed name removal enabled."},
    {"use-start-timestamps", &Features::use_start_timestamps, Level::kInfo,
     "Experimental usage of start timestamps in PromQL engine is enabled."},
    {"auto-reload-config", &Features::auto_reload_config, Level::kWarn,
     "This option for --enable-feature is deprecated. Use --config.auto-reload instead."},
    {"promql-duration-expr", nullptr, Level::kWarn, kAlways},
    {"ooo-native-histograms", nullptr, Level::kWarn, kAlways},
    {"native-histograms", nullptr, Level::kWarn,
     "This option for --enable-feature is a no-op. To scrape native histograms, set the scrape_native_histograms "
     "scrape "
     "config setting to true."},
    {"exemplar-storage", nullptr, Level::kInfo,
     "Exemplars are always stored: storage.exemplars.max_exemplars says how many"},
    {"memory-snapshot-on-shutdown", nullptr, Level::kWarn, "Has no effect: a start maps what the head had"},
    {"fast-startup", nullptr, Level::kWarn, "Has no effect: targets are scraped while the log is replayed anyway"},
    {"xor2-encoding", nullptr, Level::kWarn,
     "Has no effect: blocks are written in XOR, which every version reads, and start timestamps beside them"},
    {"histograms-st-encoding", nullptr, Level::kWarn,
     "Has no effect: start timestamps of histograms are stored beside the chunks"},
    {"promql-per-step-stats", &Features::promql_per_step_stats, Level::kInfo,
     "Experimental per-step statistics reporting"},
    {"concurrent-rule-eval", nullptr, Level::kWarn,
     "Has no effect: groups are evaluated side by side, the rules of one in order"},
    {"st-synthesis", nullptr, Level::kWarn, "Has no effect: not built yet"},
    {"delayed-compaction", nullptr, Level::kWarn, "Has no effect: not built yet"},
    {"use-uncached-io", nullptr, Level::kWarn, "Has no effect: not built yet"},
    {"old-ui", nullptr, Level::kWarn, "Has no effect: the pages of Prometheus 2 are not served"},
    {"search-api", nullptr, Level::kWarn, "Has no effect: not built yet"},
    {"otlp-deltatocumulative", nullptr, Level::kWarn, "Has no effect: there is no OTLP receiver yet"},
    {"otlp-native-delta-ingestion", nullptr, Level::kWarn, "Has no effect: there is no OTLP receiver yet"},
};

}  // namespace

Features parse_features(const std::vector<std::string>& values, std::vector<FeatureNote>& notes) {
  Features out;
  for (const std::string& value : values) {
    for (const std::string_view name : split(value, ',')) {
      const auto* const row = std::ranges::find(kRows, name, &Row::name);
      if (row == std::end(kRows)) {
        notes.push_back({Level::kWarn, std::string(name), "Unknown option for --enable-feature"});
        continue;
      }
      if (row->member != nullptr) out.*row->member = true;
      notes.push_back({row->level, std::string(name), std::string(row->text)});
    }
  }
  return out;
}

std::vector<std::string_view> feature_names() {
  std::vector<std::string_view> out;
  for (const Row& row : kRows) out.push_back(row.name);
  return out;
}

}  // namespace tocsin::config
