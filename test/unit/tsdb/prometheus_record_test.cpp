// Records of Prometheus' log of all types, whole and cut at each byte.
#include "tsdb/prometheus_record.hpp"

#include <catch2/catch.hpp>

#include "support/prometheus_files.hpp"

namespace tocsin::tsdb {
namespace {

using test::PromSample;

PrometheusRecord decoded(std::string_view bytes) {
  PrometheusRecord record;
  REQUIRE(decode_prometheus_record(bytes, record));
  CHECK(record.known);
  return record;
}

model::FloatHistogram exponential(bool integer) {
  model::FloatHistogram h;
  h.integer = integer;
  h.schema = 2;
  h.zero_threshold = 0.001;
  h.zero_count = 4;
  h.count = 14;
  h.sum = 25.5;
  h.positive_spans = {{-2, 2}, {3, 1}};
  h.positive_buckets = {2, 3, 1};
  h.negative_spans = {{0, 2}};
  h.negative_buckets = {1, 3};
  return h;
}

model::FloatHistogram custom(bool integer) {
  model::FloatHistogram h;
  h.integer = integer;
  h.schema = model::kCustomBucketsSchema;
  h.count = 6;
  h.sum = 8;
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {1, 2, 3};
  h.custom_values = {0.5, 1};
  return h;
}

const std::vector<PromSample> kPlaces = {
    {7, 1000, 1.5, 900}, {3, 2000, -2, 0}, {9, 3000, 3, 900}, {2, 1500, 4, 900}, {1ULL << 40U, 0, 5, 0}};

TEST_CASE("samples of both versions: series, times, start timestamps, values") {
  for (const bool starts : {false, true}) {
    const auto record = decoded(starts ? test::samples_record_2(kPlaces) : test::samples_record(kPlaces));
    REQUIRE(record.samples.size() == kPlaces.size());
    for (std::size_t i = 0; i < kPlaces.size(); ++i) {
      INFO(starts << ", " << i);
      CHECK(record.samples[i].ref == kPlaces[i].ref);
      CHECK(record.samples[i].t == kPlaces[i].t);
      CHECK(record.samples[i].value == kPlaces[i].value);
      CHECK(record.samples[i].start == (starts ? kPlaces[i].start : 0));
      CHECK(!record.samples[i].histogram);
    }
  }
}

TEST_CASE("a record of samples with start timestamps, byte for byte as the format says") {
  // -1 of 1000 ms behind 500; then the same start, none, and one 10 ms after the first
  const std::string bytes(
      "\x0b\x02\xd0\x0f\xe8\x07"
      "\xbf\xf0\0\0\0\0\0\0"
      "\x02\x14\x01"
      "\0\0\0\0\0\0\0\0"
      "\x02\x28\0"
      "\0\0\0\0\0\0\0\0"
      "\x01\x3c\x02\x14"
      "\x40\0\0\0\0\0\0\0",
      6 + 8 + 11 + 11 + 12);
  const auto record = decoded(bytes);
  REQUIRE(record.samples.size() == 4);
  const std::uint64_t refs[] = {1, 2, 3, 2};
  const Timestamp times[] = {1000, 1010, 1020, 1030};
  const Timestamp starts[] = {500, 500, 0, 510};
  const double values[] = {-1, 0, 0, 2};
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(i);
    CHECK(record.samples[i].ref == refs[i]);
    CHECK(record.samples[i].t == times[i]);
    CHECK(record.samples[i].start == starts[i]);
    CHECK(record.samples[i].value == values[i]);
  }
  CHECK(bytes == test::samples_record_2({{1, 1000, -1, 500}, {2, 1010, 0, 500}, {3, 1020, 0, 0}, {2, 1030, 2, 510}}));
}

TEST_CASE("histograms of all types") {
  struct Case {
    char type;
    bool integer, starts, custom_too;
  };
  const Case cases[] = {{7, true, false, false},  {8, false, false, false}, {9, true, false, true},
                        {10, false, false, true}, {12, true, true, true},   {13, false, true, true}};
  for (const Case& one : cases) {
    std::vector<model::FloatHistogram> all(kPlaces.size(), exponential(one.integer));
    if (one.custom_too) all[1] = all[4] = custom(one.integer);
    all[2].reset_hint = model::CounterReset::kGauge;
    const auto record = decoded(test::histograms_record(one.type, kPlaces, all));
    INFO("type " << static_cast<int>(one.type));
    REQUIRE(record.samples.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(record.samples[i].ref == kPlaces[i].ref);
      CHECK(record.samples[i].t == kPlaces[i].t);
      CHECK(record.samples[i].start == (one.starts ? kPlaces[i].start : 0));
      REQUIRE(record.samples[i].histogram);
      CHECK(*record.samples[i].histogram == all[i]);
      CHECK(record.samples[i].histogram->integer == one.integer);
    }
  }
}

TEST_CASE("histograms that are finer than what is stored are made coarser, unknown schemas are passed over") {
  std::vector<model::FloatHistogram> all(3, exponential(true));
  all[0].schema = 10;
  all[1].schema = 53;
  all[2].schema = -53 - 1;
  const auto record = decoded(test::histograms_record(7, {kPlaces[0], kPlaces[1], kPlaces[2]}, all));
  REQUIRE(record.samples.size() == 1);
  CHECK(record.unknown_schemas == 2);
  model::FloatHistogram expected = all[0];
  model::reduce_resolution(expected, model::kMaxSchema);
  CHECK(*record.samples[0].histogram == expected);
  CHECK(expected.schema == model::kMaxSchema);
}

TEST_CASE("series, deletions, exemplars, metadata, markers; and what is not known") {
  const auto series = decoded(test::series_record(5, {{"__name__", "a"}, {"z", ""}, {"x", "1"}}));
  REQUIRE(series.series.size() == 1);
  CHECK(series.series[0].ref == 5);
  CHECK(series.series[0].labels == model::Labels{{"__name__", "a"}, {"x", "1"}, {"z", ""}});
  const auto deletion = decoded(test::tombstone_record(5, -3, 8));
  REQUIRE(deletion.tombstones.size() == 1);
  CHECK(deletion.tombstones[0].start == -3);
  CHECK(deletion.tombstones[0].end == 8);
  const auto exemplar = decoded(test::exemplar_record(5, 77, 0.5, {{"trace_id", "q"}}));
  REQUIRE(exemplar.exemplars.size() == 1);
  CHECK(exemplar.exemplars[0].second.t == 77);
  const auto metadata = decoded(test::metadata_record(5, 5, "bytes", "H"));
  REQUIRE(metadata.metadata.size() == 1);
  CHECK(metadata.metadata[0].second.type == model::MetricType::kSummary);
  CHECK(metadata.metadata[0].second.unit == "bytes");
  decoded(test::mmap_marker_record(5, 1ULL << 32U | 8));
  PrometheusRecord record;
  CHECK(decode_prometheus_record("\x0ewhatever", record));
  CHECK_FALSE(record.known);
  CHECK_FALSE(decode_prometheus_record("", record));
  CHECK(decode_prometheus_series(test::samples_record(kPlaces), record));
  CHECK(record.samples.empty());
}

TEST_CASE("a record that is cut inside of something is none") {
  const std::vector<model::FloatHistogram> integers(2, exponential(true)), floats(2, custom(false));
  const std::vector<PromSample> two = {kPlaces[0], kPlaces[1]};
  const std::string records[] = {test::series_record(5, {{"__name__", "a"}}),
                                 test::samples_record({kPlaces[0]}),
                                 test::samples_record_2({kPlaces[0]}),
                                 test::tombstone_record(5, 1, 2),
                                 test::exemplar_record(5, 1, 2, {{"a", "b"}}),
                                 test::metadata_record(5, 1, "u", "h"),
                                 test::histograms_record(7, {kPlaces[0]}, {integers[0]}),
                                 test::histograms_record(13, {kPlaces[0]}, {floats[0]})};
  PrometheusRecord record;
  for (const std::string& bytes : records) {
    REQUIRE(decode_prometheus_record(bytes, record));
    for (std::size_t size = 2; size < bytes.size(); ++size) {
      INFO(static_cast<int>(bytes[0]) << ", " << size << " of " << bytes.size());
      // Behind what all samples stand against there may be none.
      const bool none = size == 17 && (bytes[0] == 2 || bytes[0] == 4 || bytes[0] == 7);
      CHECK(decode_prometheus_record(bytes.substr(0, size), record) == none);
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
