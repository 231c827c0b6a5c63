#include "rules/series_writer.hpp"

#include <utility>

namespace tocsin::rules {

std::string_view refusal_text(storage::AppendStatus status) {
  using storage::AppendStatus;
  switch (status) {
    case AppendStatus::kOutOfOrder:
      return "out of order sample";
    case AppendStatus::kTooOld:
      return "too old sample";
    case AppendStatus::kDuplicate:
      return "duplicate sample for timestamp";
    case AppendStatus::kOutOfBounds:
      return "out of bounds";
    case AppendStatus::kSeriesLimit:
      return "the limit of series is reached";
    default:
      return storage::append_status_text(status);
  }
}

namespace {

void note_refused(WriteReport& report, storage::AppendStatus status) {
  using storage::AppendStatus;
  report.error = refusal_text(status);
  ++(status == AppendStatus::kOutOfOrder  ? report.out_of_order
     : status == AppendStatus::kTooOld    ? report.too_old
     : status == AppendStatus::kDuplicate ? report.duplicates
                                          : report.others);
}

}  // namespace

Result<WriteReport> write_samples(storage::Appendable& store, const promql::Vector& samples, Timestamp t,
                                  WrittenSeries& series, std::vector<OwnSample>* stored) {
  WriteReport report;
  if (samples.empty() && series.empty()) return report;
  const auto appender = store.appender();
  WrittenSeries written;
  written.reserve(samples.size());
  for (const promql::VectorSample& sample : samples) {
    const auto known = series.find(sample.labels);
    const storage::SeriesRef ref = known == series.end() ? 0 : known->second;
    const auto result = sample.h != nullptr ? appender->append_histogram(ref, &sample.labels, t, sample.h)
                                            : appender->append(ref, &sample.labels, t, sample.v);
    if (result.status == storage::AppendStatus::kOk) {
      written.emplace(sample.labels, result.ref);
      if (stored != nullptr) stored->push_back({sample.labels, t, sample.v, sample.h});
    } else {
      note_refused(report, result.status);
    }
  }
  for (const auto& [labels, ref] : series) {
    if (written.contains(labels)) continue;
    const auto result = appender->append(ref, &labels, t, model::stale_nan());
    // Refused: another rule ended or wrote it.
    if (stored != nullptr && result.status == storage::AppendStatus::kOk) {
      stored->push_back({labels, t, model::stale_nan(), nullptr});
    }
  }
  TOCSIN_OK(appender->commit());
  series = std::move(written);
  return report;
}

Result<void> write_stale_markers(storage::Appendable& store, const std::vector<model::Labels>& series, Timestamp t) {
  if (series.empty()) return {};
  const auto appender = store.appender();
  for (const model::Labels& labels : series) appender->append(0, &labels, t, model::stale_nan());
  return appender->commit();
}

}  // namespace tocsin::rules
