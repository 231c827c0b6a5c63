// Any bytes as a record of Prometheus' log: refused or read, never worse; samples and deletions that were read are
// written and read again as the same.
#include <bit>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "support/prometheus_files.hpp"
#include "tsdb/prometheus_record.hpp"

using namespace tocsin;
using namespace tocsin::tsdb;

namespace {

void same_samples(const PrometheusRecord& a, const PrometheusRecord& b) {
  check(a.samples.size() == b.samples.size(), "as many samples");
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    const auto& one = a.samples[i];
    const auto& other = b.samples[i];
    check(one.ref == other.ref && one.t == other.t && one.start == other.start, "at the same places");
    check(std::bit_cast<std::uint64_t>(one.value) == std::bit_cast<std::uint64_t>(other.value), "of the same values");
  }
}

void again(char type, const PrometheusRecord& record) {
  std::vector<test::PromSample> samples;
  for (const auto& one : record.samples) samples.push_back({one.ref, one.t, one.value, one.start});
  if (samples.empty()) return;
  PrometheusRecord second;
  const std::string bytes = type == 2 ? test::samples_record(samples) : test::samples_record_2(samples);
  check(decode_prometheus_record(bytes, second), "what was written is read");
  same_samples(record, second);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PrometheusRecord record;
  const bool read = decode_prometheus_record(bytes, record);
  PrometheusRecord series;
  if (decode_prometheus_series(bytes, series) && read) {
    check(series.series.size() == record.series.size() && series.tombstones.size() == record.tombstones.size(),
          "a look for series sees them all");
  }
  if (!read || bytes.empty()) return 0;
  if (bytes[0] == 2 || bytes[0] == 11) again(bytes[0], record);
  for (const auto& one : record.tombstones) {
    PrometheusRecord second;
    check(decode_prometheus_record(test::tombstone_record(one.ref, one.start, one.end), second) &&
              second.tombstones.size() == 1 && second.tombstones[0].end == one.end,
          "a deletion is read again");
  }
  return 0;
}
