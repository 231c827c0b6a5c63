#include "tsdb/replay_decoder.hpp"

#include "tsdb/row_histogram.hpp"
#include "tsdb/wal_value.hpp"

namespace tocsin::tsdb {

bool ReplayDecoder::decode(WalPosition position, std::string_view payload, ReplayRecord& out) {
  out.position = position;
  out.payload = payload;
  if (!parse_wal_record(out.payload, out.record)) return false;
  if (position.segment != segment_) begin_segment(position.segment);
  if (!decode_values(out) || !decode_changes(out.record)) return false;
  // Only now, and values of rows after those of samples: a record counts as a whole or not at all, and each series is
  // once among the samples.
  for (std::size_t i = 0; i < out.ids.size(); ++i) last_value(out.ids[i]) = out.values[i];
  for (const auto& [id, row] : out.record.rows) last_value(id) = row.value;
  return true;
}

void ReplayDecoder::begin_segment(std::uint32_t segment) {
  segment_ = segment;
  for (const auto& page : pages_) {
    if (page) page->known.reset();
  }
  stray_values_.clear();
  last_histograms_.clear();
}

void ReplayDecoder::forget() {
  segment_ = 0;
  pages_.clear();
  pages_.shrink_to_fit();
  stray_values_ = {};
  last_histograms_ = {};
}

/// The page is made if the index has one of its number: a number from a file is not to be trusted with memory.
double& ReplayDecoder::last_value(SeriesId id) {
  const std::uint32_t number = id >> kSeriesPageBits;
  if (number >= pages_.size() || !pages_[number]) {
    if (!index_.page(number)) return stray_values_[id];
    if (number >= pages_.size()) pages_.resize(number + 1);
    pages_[number] = std::make_unique<LastValues>();
  }
  LastValues& page = *pages_[number];
  double& value = page.value[index_in_page(id)];
  if (!page.known.test(index_in_page(id))) {
    page.known.set(index_in_page(id));
    value = 0;
  }
  return value;
}

bool ReplayDecoder::decode_values(ReplayRecord& out) {
  out.record.sample_ids(out.ids);
  out.values.clear();
  out.values.reserve(out.ids.size());
  ByteReader in(out.record.values);
  for (std::size_t i = 0; i < out.ids.size(); ++i) {
    double value = 0;
    if (!decode_wal_value(out.record.control(i), last_value(out.ids[i]), in, value)) return false;
    out.values.push_back(value);
  }
  return !in.failed() && in.at_end();
}

/// Histograms that are changes. Those of one series are changes to the last of another record, never to one of the
/// same.
bool ReplayDecoder::decode_changes(WalRecord& record) {
  for (std::size_t i = 0; i < record.rows.size(); ++i) {
    if (record.row_changes[i].empty()) continue;
    const auto last = last_histograms_.find(record.rows[i].first);
    if (last == last_histograms_.end()) return false;
    record.rows[i].second.histogram = decode_histogram(record.row_changes[i], last->second.get());
    if (!record.rows[i].second.histogram) return false;
  }
  for (const auto& [id, row] : record.rows) {
    if (row.histogram) last_histograms_[id] = row.histogram;
  }
  return true;
}

}  // namespace tocsin::tsdb
