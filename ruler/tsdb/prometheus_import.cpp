#include "tsdb/prometheus_import.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::uint64_t kBatch = 10'000;  // samples in a commit
constexpr std::uint64_t kTellEach = 10'000'000;
constexpr char kTombstonesRecord = 3;

}  // namespace

PrometheusImport::PrometheusImport(Fs& fs, std::string data, std::string own)
    : fs_(fs),
      data_(std::move(data)),
      marker_(own + "/prometheus_import"),
      wal_(fs, data_ + "/wal"),
      wbl_(fs, data_ + "/wbl") {}

Result<bool> PrometheusImport::needed() {
  if (fs_.exists(marker_)) return false;
  return wal_.exists();
}

Result<std::vector<std::string>> PrometheusImport::run(storage::Appendable& store,
                                                       const std::function<Result<void>()>& sync) {
  log::info("tsdb", "taking over the head of a Prometheus", {{"path", data_}});
  TOCSIN_OK(read_tombstones(wal_));
  {
    const auto appender = store.appender();
    TOCSIN_OK(read_log(wal_, *appender));
    // Late samples once more, as far as the log has lost them.
    TOCSIN_TRY(const bool late, wbl_.exists());
    if (late) TOCSIN_OK(read_log(wbl_, *appender));
  }
  TOCSIN_OK(sync());
  report_refused();
  TOCSIN_OK(mark_done());
  log::info(
      "tsdb", "the head of a Prometheus was taken over",
      {{"series", series_.size()}, {"samples", samples_}, {"histograms", histograms_}, {"exemplars", exemplars_}});
  return std::move(messages_);
}

/// A deletion is in the log behind what it deletes.
Result<void> PrometheusImport::read_tombstones(PrometheusWal& wal) {
  return wal.read(
      [this](std::string_view bytes) -> Result<void> {
        if (!bytes.starts_with(kTombstonesRecord) || !decode_prometheus_record(bytes, record_)) return {};
        for (const auto& one : record_.tombstones) deletions_[one.ref].push_back({one.start, one.end});
        return {};
      },
      [](const std::string&) {});  // said when it is read again
}

Result<void> PrometheusImport::read_log(PrometheusWal& wal, storage::Appender& appender) {
  TOCSIN_OK(wal.read([&](std::string_view bytes) { return take(bytes, appender); },
                     [this](std::string text) { report(std::move(text)); }));
  return commit(appender);
}

Result<void> PrometheusImport::take(std::string_view bytes, storage::Appender& appender) {
  if (!decode_prometheus_record(bytes, record_) || !record_.known) {
    ++unknown_records_;
    return {};
  }
  for (auto& one : record_.series) series_.try_emplace(one.ref, Series{0, std::move(one.labels)});
  for (const auto& sample : record_.samples) add_sample(sample, appender);
  for (const auto& [ref, exemplar] : record_.exemplars) add_exemplar(ref, exemplar, appender);
  for (const auto& [ref, metadata] : record_.metadata) {
    const auto found = series_.find(ref);
    if (found != series_.end() && found->second.ref != 0) appender.set_metadata(found->second.ref, metadata);
  }
  return uncommitted_ >= kBatch ? commit(appender) : Result<void>();
}

void PrometheusImport::add_sample(const PrometheusRecord::Sample& sample, storage::Appender& appender) {
  const auto found = series_.find(sample.ref);
  if (found == series_.end()) {
    ++unknown_series_;
    return;
  }
  if (is_deleted(sample)) return;
  Series& series = found->second;
  const model::Labels* const labels = series.ref == 0 ? &series.labels : nullptr;
  const storage::AppendResult result =
      sample.histogram ? appender.append_histogram(series.ref, labels, sample.t, sample.histogram, 0)
                       : appender.append(series.ref, labels, sample.t, sample.value, 0);
  if (result.ref != 0 && series.ref == 0) {
    series.ref = result.ref;
    series.labels = {};
  }
  if (result.status != storage::AppendStatus::kOk) {
    ++refused_[storage::append_status_text(result.status)];
    return;
  }
  ++samples_;
  ++uncommitted_;
  if (sample.histogram) ++histograms_;
  if (samples_ % kTellEach == 0) log::info("tsdb", "taking over the head of a Prometheus", {{"samples", samples_}});
}

void PrometheusImport::add_exemplar(std::uint64_t ref, const storage::Exemplar& exemplar, storage::Appender& appender) {
  const auto found = series_.find(ref);
  if (found == series_.end() || found->second.ref == 0) return;
  if (appender.append_exemplar(found->second.ref, exemplar) == storage::AppendStatus::kOk) ++exemplars_;
}

bool PrometheusImport::is_deleted(const PrometheusRecord::Sample& sample) const {
  const auto found = deletions_.find(sample.ref);
  return found != deletions_.end() && std::ranges::any_of(found->second, [&](const Range& range) {
           return sample.t >= range.start && sample.t <= range.end;
         });
}

Result<void> PrometheusImport::commit(storage::Appender& appender) {
  uncommitted_ = 0;
  if (auto done = appender.commit(); !done) {
    return fail(std::move(done).error().wrap("take over the head of a Prometheus"));
  }
  return {};
}

void PrometheusImport::report(std::string text) {
  messages_.push_back(std::move(text));
}

void PrometheusImport::report_refused() {
  for (const auto& [why, count] : refused_) {
    report(fmt::format("{} samples of Prometheus' log were not taken: {}", count, why));
  }
  if (unknown_series_ > 0) {
    report(fmt::format("{} samples of Prometheus' log were not taken: nothing names their series", unknown_series_));
  }
  if (unknown_records_ > 0) {
    report(fmt::format("{} records of Prometheus' log were not taken: they are damaged, or of a kind that is not known",
                       unknown_records_));
  }
}

Result<void> PrometheusImport::mark_done() {
  const std::string text = fmt::format("series {}\nsamples {}\nhistograms {}\nexemplars {}\n", series_.size(), samples_,
                                       histograms_, exemplars_);
  return fs_.write_file_atomic(marker_, text);
}

}  // namespace tocsin::tsdb
