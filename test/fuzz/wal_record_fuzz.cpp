// Any bytes as the payload of a log record: refused or read, never worse; and what is read is written and read again
// as the same.
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "tsdb/wal_record.hpp"
#include "tsdb/wal_value.hpp"

using namespace tocsin;
using namespace tocsin::tsdb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  WalRecord record;
  if (!parse_wal_record(payload, record)) return 0;
  Ids ids;
  record.sample_ids(ids);
  check(ids.size() == record.samples, "as many ids as said");
  check(record.controls.size() == (ids.size() + 1) / 2, "controls and ids agree");
  for (const SeriesId id : ids) check(id < record.above_series, "no id is above what was said");
  WalRecordWriter writer;
  for (const auto& pair : record.pairs) writer.pair(pair.id, pair.name, pair.value);
  for (const auto& series : record.series) writer.series(series.id, record.pairs_of(series));
  writer.set_time(record.time);
  ByteReader values(record.values);
  double last = 1.5;
  bool readable = true;
  for (std::size_t i = 0; i < ids.size() && readable; ++i) {
    double value = 0;
    readable = decode_wal_value(record.control(i), last, values, value);
    writer.sample(ids[i], last, value);
    last = value;
  }
  if (!readable || values.failed()) return 0;
  for (const auto& [id, row] : record.rows) writer.row(id, row);
  for (const auto& [id, exemplar] : record.exemplars) writer.exemplar(id, exemplar);
  for (const auto& [id, row] : record.late) writer.late(id, row);
  for (const auto& one : record.ahead) writer.ahead(one.id, one.may_be_late, one.row);
  for (const auto& one : record.deletions) {
    writer.deletion(one.id, one.start, one.end, record.deletions_chunks_end);
  }
  std::string again;
  writer.finish(again);
  WalRecord second;
  check(parse_wal_record(again, second), "what was written is read");
  Ids second_ids;
  second.sample_ids(second_ids);
  check(second_ids == ids && second.pairs.size() == record.pairs.size() &&
            second.series.size() == record.series.size() && second.rows.size() == record.rows.size() &&
            second.exemplars.size() == record.exemplars.size() && second.late.size() == record.late.size() &&
            second.ahead.size() == record.ahead.size() && second.deletions.size() == record.deletions.size(),
        "what was written is the same");
  return 0;
}
