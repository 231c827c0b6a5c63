#include "tsdb/prometheus_import.hpp"

#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::uint64_t kBatch = 10'000;  // samples in a commit
constexpr std::uint64_t kTidyEach = 1'000'000;
constexpr std::uint64_t kTellEach = 10'000'000;
constexpr std::string_view kSegmentLine = "segment ";  // of the marker

}  // namespace

PrometheusImport::PrometheusImport(Fs& fs, std::string data, std::string own)
    : fs_(fs),
      data_(std::move(data)),
      marker_(own + "/prometheus_import"),
      wal_(fs, data_ + "/wal"),
      wbl_(fs, data_ + "/wbl"),
      chunks_(fs, data_ + "/chunks_head") {}

Result<bool> PrometheusImport::needed() {
  if (fs_.exists(marker_)) return false;
  TOCSIN_TRY(const bool has_log, wal_.exists());
  if (has_log) return true;
  return chunks_.exist();
}

Result<std::string> PrometheusImport::written_since() {
  if (!fs_.exists(marker_)) return "";
  TOCSIN_TRY(const std::string text, fs_.read_file(marker_));
  const std::size_t at = text.find(kSegmentLine);
  TOCSIN_TRY(const auto newest, wal_.newest_segment());
  if (at == std::string::npos || !newest) return "";
  std::uint64_t known = 0;
  std::from_chars(text.data() + at + kSegmentLine.size(), text.data() + text.size(), known);
  if (*newest <= known) return "";
  return fmt::format(
      "a Prometheus has run in {} since its head was taken over (segment {} of its log is new): what it left in its "
      "head "
      "is not read; remove {} to take it over at the next start",
      data_, *newest, marker_);
}

Result<std::vector<std::string>> PrometheusImport::run(const ImportTarget& target) {
  log::info("tsdb", "taking over the head of a Prometheus", {{"path", data_}});
  target_ = &target;
  appender_ = target.store.appender();
  TOCSIN_OK(learn_series());
  TOCSIN_OK(take_chunks(Kind::kInOrder));
  TOCSIN_OK(take_log(wal_, Kind::kInOrder));
  if (has_late_chunks_) TOCSIN_OK(take_chunks(Kind::kLate));
  TOCSIN_OK(take_log(wbl_, Kind::kLate));
  set_metadata();
  TOCSIN_OK(commit());
  appender_ = nullptr;
  TOCSIN_OK(target.sync());
  report_counts();
  TOCSIN_OK(mark_done());
  log::info("tsdb", "the head of a Prometheus was taken over",
            {{"series", series_.size()},
             {"samples", counts_.samples},
             {"histograms", counts_.histograms},
             {"exemplars", counts_.exemplars}});
  return std::move(messages_);
}

Result<void> PrometheusImport::learn_series() {
  TOCSIN_TRY(const bool has_log, wal_.exists());
  if (!has_log) return {};
  TOCSIN_OK(wal_.read(
      [this](std::string_view bytes) -> Result<void> {
        if (decode_prometheus_series(bytes, record_)) series_.learn(record_);
        return {};
      },
      [](const std::string&) {}));  // said when it is read again
  series_.all_known();
  return {};
}

Result<void> PrometheusImport::take_chunks(Kind kind) {
  const bool again = kind == Kind::kLate;
  TOCSIN_OK(chunks_.read([&](const PrometheusChunk& chunk) { return take_chunk(chunk, kind); },
                         [&](std::string text) {
                           if (!again) report(std::move(text));
                         }));
  return commit();
}

Result<void> PrometheusImport::take_chunk(const PrometheusChunk& chunk, Kind kind) {
  has_late_chunks_ |= chunk.late;
  if (chunk.late != (kind == Kind::kLate)) return {};
  if (!chunk.late && chunk.last < target_->in_order_from) return {};
  One* const one = series_.find(chunk.series);
  if (!one) {
    ++counts_.unknown_chunk_series;
    return {};
  }
  if (one->removed || (!chunk.late && one->chunks_end)) return {};
  // One that does not follow the last says that something is missing: from there on the log is right.
  const bool follows = chunk.late || chunk.first > one->last;
  if (!follows || !decode(chunk)) {
    one->chunks_end = true;
    return {};
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const PrometheusRecord::Sample sample{chunk.series, columns_.times[i],
                                          columns_.starts.empty() ? 0 : columns_.starts[i], columns_.values[i],
                                          columns_.histograms.empty() ? nullptr : columns_.histograms[i]};
    if (chunk.late) {
      append(*one, sample);
    } else {
      take_in_order(*one, sample);
    }
  }
  return commit_if_full();
}

bool PrometheusImport::decode(const PrometheusChunk& chunk) {
  if (!chunkenc::is_encoding(chunk.encoding)) {
    ++counts_.unknown_encodings;
    return false;
  }
  columns_.clear();
  if (chunkenc::decode_chunk(static_cast<chunkenc::Encoding>(chunk.encoding), chunk.data, columns_)) return true;
  if (counts_.damaged_chunks++ == 0) {
    counts_.first_damaged_chunk = fmt::format("{} at offset {}", chunk.file, chunk.offset);
  }
  return false;
}

Result<void> PrometheusImport::take_log(PrometheusWal& wal, Kind kind) {
  TOCSIN_TRY(const bool exists, wal.exists());
  if (!exists) return {};
  TOCSIN_OK(wal.read([&](std::string_view bytes) { return take_record(bytes, kind); },
                     [this](std::string text) { report(std::move(text)); }));
  return commit();
}

Result<void> PrometheusImport::take_record(std::string_view bytes, Kind kind) {
  if (!decode_prometheus_record(bytes, record_) || !record_.known) {
    ++counts_.unknown_records;
    return {};
  }
  counts_.unknown_schemas += record_.unknown_schemas;
  for (const auto& sample : record_.samples) {
    One* const one = series_.find(sample.ref);
    if (!one) {
      ++counts_.unknown_series;
    } else if (kind == Kind::kLate) {
      append(*one, sample);
    } else {
      take_in_order(*one, sample);
    }
  }
  for (const auto& [ref, exemplar] : record_.exemplars) take_exemplar(ref, exemplar);
  for (auto& [ref, metadata] : record_.metadata) metadata_[ref] = std::move(metadata);
  return commit_if_full();
}

/// The log has late samples too, where they came: those are taken from their own log.
void PrometheusImport::take_in_order(One& one, const PrometheusRecord::Sample& sample) {
  if (sample.t <= one.last || sample.t < target_->in_order_from) return;
  one.last = sample.t;
  append(one, sample);
}

void PrometheusImport::append(One& one, const PrometheusRecord::Sample& sample) {
  if (one.removed || series_.is_deleted(one, sample.t)) return;
  const model::Labels* const labels = one.ref == 0 ? &one.labels : nullptr;
  const storage::AppendResult result =
      sample.histogram ? appender_->append_histogram(one.ref, labels, sample.t, sample.histogram, sample.start)
                       : appender_->append(one.ref, labels, sample.t, sample.value, sample.start);
  if (result.ref != 0 && one.ref == 0) {
    one.ref = result.ref;
    one.labels = {};
  }
  if (result.status != storage::AppendStatus::kOk) {
    ++counts_.refused[storage::append_status_text(result.status)];
    return;
  }
  ++counts_.samples;
  ++uncommitted_;
  if (sample.histogram) ++counts_.histograms;
}

void PrometheusImport::take_exemplar(std::uint64_t ref, const storage::Exemplar& exemplar) {
  const One* const one = series_.find(ref);
  if (!one || one->ref == 0 || exemplar.t < target_->in_order_from) return;
  if (appender_->append_exemplar(one->ref, exemplar) == storage::AppendStatus::kOk) ++counts_.exemplars;
}

/// At the end: the log has it before the first sample of its series.
void PrometheusImport::set_metadata() {
  for (const auto& [ref, metadata] : metadata_) {
    const One* const one = series_.find(ref);
    if (one && one->ref != 0) appender_->set_metadata(one->ref, metadata);
  }
}

Result<void> PrometheusImport::commit_if_full() {
  return uncommitted_ >= kBatch ? commit() : Result<void>();
}

Result<void> PrometheusImport::commit() {
  const std::uint64_t before = counts_.samples - uncommitted_;
  uncommitted_ = 0;
  if (auto done = appender_->commit(); !done) {
    return fail(std::move(done).error().wrap("take over the head of a Prometheus"));
  }
  if (counts_.samples / kTellEach != before / kTellEach) {
    log::info("tsdb", "taking over the head of a Prometheus", {{"samples", counts_.samples}});
  }
  return counts_.samples / kTidyEach != before / kTidyEach ? target_->tidy() : Result<void>();
}

void PrometheusImport::report_counts() {
  for (const auto& [why, count] : counts_.refused) {
    report(fmt::format("{} samples of Prometheus' head were not taken: {}", count, why));
  }
  const std::pair<std::uint64_t, std::string_view> all[] = {
      {counts_.unknown_series, "samples of Prometheus' log were not taken: nothing names their series"},
      {counts_.unknown_chunk_series, "chunks of Prometheus' head were not taken: nothing names their series"},
      {counts_.unknown_records,
       "records of Prometheus' log were not taken: they are damaged, or of a kind that is not known"},
      {counts_.unknown_schemas, "histograms of Prometheus' log were not taken: their schema is not known"},
      {counts_.unknown_encodings, "chunks of Prometheus' head were not taken: their encoding is not known"},
  };
  for (const auto& [count, text] : all) {
    if (count > 0) report(fmt::format("{} {}", count, text));
  }
  if (counts_.damaged_chunks > 0) {
    report(fmt::format("{} chunks of Prometheus' head were not taken: their bytes are no samples (the first in {})",
                       counts_.damaged_chunks, counts_.first_damaged_chunk));
  }
}

Result<void> PrometheusImport::mark_done() {
  std::string text = fmt::format("series {}\nsamples {}\nhistograms {}\nexemplars {}\n", series_.size(),
                                 counts_.samples, counts_.histograms, counts_.exemplars);
  TOCSIN_TRY(const auto segment, wal_.newest_segment());
  if (segment) text += fmt::format("{}{}\n", kSegmentLine, *segment);
  return fs_.write_file_atomic(marker_, text);
}

}  // namespace tocsin::tsdb
