#include "scrape/target_ingest.hpp"

#include <algorithm>
#include <optional>

#include "scrape/label_rules.hpp"

namespace tocsin::scrape {
namespace {

/// Samples further ahead of the clock are refused. Source: Prometheus scrape/scrape.go, maxAheadTime.
constexpr std::int64_t kMaxAheadMs = 600'000;

constexpr std::array<std::string_view, 8> kReportNames = {"up",
                                                          "scrape_duration_seconds",
                                                          "scrape_samples_scraped",
                                                          "scrape_samples_post_metric_relabeling",
                                                          "scrape_series_added",
                                                          "scrape_timeout_seconds",
                                                          "scrape_sample_limit",
                                                          "scrape_body_size_bytes"};

model::Labels report_labels(std::string_view name, const model::Labels& target) {
  model::LabelsBuilder builder(target);
  builder.set(model::kMetricName, name);
  return builder.build();
}

}  // namespace

std::span<const std::string_view> report_names() {
  return kReportNames;
}

void TargetIngest::use_rules(const std::shared_ptr<const IngestRules>& rules) {
  if (rules_ != nullptr && rules_ != rules && !same_label_rules(*rules_->config, *rules->config)) cache_.retire();
  rules_ = rules;
}

ScrapeOutcome TargetIngest::scrape(const ScrapeInput& input, storage::Appendable& storage, Clock& clock) {
  use_rules(input.rules);
  ScrapeOutcome out;
  out.error = input.error;
  const PageRules rules{*rules_->config, rules_->target, rules_->histograms, rules_->type_and_unit_labels};
  const std::unique_ptr<storage::Appender> appender = storage.appender();
  std::optional<PageReader> reader;
  if (out.error.empty()) {
    metadata_.begin();
    reader.emplace(cache_, rules, *appender, input.t, clock.now() + kMaxAheadMs, metadata_, out.counts);
    if (auto read = reader->read(input.page.view(), input.format); read) {
      reader->mark_vanished();
      out.metadata = metadata_.end(input.page.view(), input.format);
      if (rules_->metadata) tell_metadata(input, out.metadata, *reader);
    } else {
      out.error = std::move(read.error().message);
      out.error_code = read.error().code;
      appender->rollback();
    }
  }
  if (reader) out.fresh_names = reader->take_fresh_names();
  const bool good = out.error.empty();
  tell_additions_once(good, out.counts);
  if (!good && cache_.live) out.counts.stale_markers += end_series(input.t, *appender);
  out.duration_seconds = to_seconds(clock.mono() - input.started);
  report(*rules_, input.t,
         {good ? 1.0 : 0.0, out.duration_seconds, static_cast<double>(out.counts.scraped),
          static_cast<double>(out.counts.after_relabel), static_cast<double>(out.counts.series_added),
          to_seconds(input.timeout), static_cast<double>(rules_->config->sample_limit), input.body_bytes},
         *appender);
  if (auto committed = appender->commit(); !committed) {
    out.commit_error = std::move(committed.error().message);
  } else if (good) {
    reader->accept();
    metadata_told_ = rules_->metadata;
  } else {
    cache_.live = false;
    cache_.orphans = {};
  }
  out.cache_bytes = cache_.memory_bytes();
  return out;
}

void TargetIngest::tell_metadata(const ScrapeInput& input, const MetadataPtr& changed, PageReader& reader) {
  if (changed) {
    known_metadata_ = changed;
    metadata_told_ = false;
  }
  if (known_metadata_) reader.tell_metadata(input.page.view(), input.format, *known_metadata_, !metadata_told_);
}

void TargetIngest::tell_additions_once(bool good, PageCounts& counts) {
  const std::uint64_t added = counts.series_added;
  counts.series_added = added - std::min(added, told_additions_);
  told_additions_ = good ? 0 : std::max(added, told_additions_);
}

Result<std::uint64_t> TargetIngest::end(const IngestRules& rules, Timestamp t, storage::Appendable& storage) {
  const std::unique_ptr<storage::Appender> appender = storage.appender();
  const std::uint64_t markers = cache_.live ? end_series(t, *appender) : 0;
  std::array<double, kReports> stale{};
  stale.fill(model::stale_nan());
  report(rules, t, stale, *appender);
  TOCSIN_OK(appender->commit());
  cache_ = {};
  return markers + report_count(rules);
}

std::uint64_t TargetIngest::end_series(Timestamp t, storage::Appender& appender) {
  std::uint64_t markers = 0;
  const auto end_one = [&](storage::SeriesRef ref) {
    // Refused markers are expected: the series may go on elsewhere.
    const auto status = appender.append(ref, nullptr, t, model::stale_nan()).status;
    markers += status == storage::AppendStatus::kOk ? 1 : 0;
  };
  for (std::size_t i = 0; i < cache_.refs.size(); ++i) {
    if (cache_.is_tracked(i)) end_one(cache_.refs[i]);
  }
  for (const storage::SeriesRef ref : cache_.orphans) end_one(ref);
  return markers;
}

void TargetIngest::report(const IngestRules& rules, Timestamp t, const std::array<double, kReports>& values,
                          storage::Appender& appender) {
  for (std::size_t i = 0; i < report_count(rules); ++i) {
    storage::SeriesRef& ref = report_refs_[i];
    if (ref != 0 && appender.append(ref, nullptr, t, values[i]).status != storage::AppendStatus::kUnknownRef) continue;
    const model::Labels labels = report_labels(kReportNames[i], rules.target);
    ref = appender.append(0, &labels, t, values[i]).ref;
  }
}

}  // namespace tocsin::scrape
