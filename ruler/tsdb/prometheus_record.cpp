// Records of Prometheus' log: big-endian integers, Go's varints.
#include <bit>
#include <cstring>

#include "base/bytes.hpp"
#include "tsdb/prometheus_wal.hpp"

namespace tocsin::tsdb {
namespace {

enum RecordType : std::uint8_t {
  kSeriesRecord = 1,
  kSamplesRecord = 2,
  kTombstonesRecord = 3,
  kExemplarsRecord = 4,
  kMmapMarkersRecord = 5,
  kMetadataRecord = 6,
  kHistogramsRecord = 7,
  kFloatHistogramsRecord = 8,
  kCustomHistogramsRecord = 9,
  kCustomFloatHistogramsRecord = 10,
};

std::uint64_t big64(ByteReader& in) {
  return std::byteswap(in.fixed<std::uint64_t>());
}
double big_double(ByteReader& in) {
  return std::bit_cast<double>(big64(in));
}

/// Labels in any order, as they were written.
bool take_labels(ByteReader& in, model::Labels& labels) {
  std::vector<model::LabelView> views;
  const std::size_t count = in.count(2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = in.text();
    views.push_back({name, in.text()});
  }
  if (in.failed()) return false;
  labels = model::Labels::from(std::move(views));
  return true;
}

bool take_series(ByteReader& in, PrometheusRecord& out) {
  while (!in.at_end()) {
    PrometheusRecord::Series series{big64(in), {}};
    if (!take_labels(in, series.labels)) return false;
    out.series.push_back(std::move(series));
  }
  return !in.failed();
}

struct Base {
  std::uint64_t ref = 0;
  std::int64_t t = 0;
};

/// What samples, histograms and exemplars begin with; then each stands against it.
Base take_base(ByteReader& in) {
  Base base;
  base.ref = big64(in);
  base.t = static_cast<std::int64_t>(big64(in));
  return base;
}
Base take_place(ByteReader& in, const Base& base) {
  Base place;
  place.ref = base.ref + static_cast<std::uint64_t>(in.signed_varint());
  place.t = wrapping_add(base.t, in.signed_varint());
  return place;
}

bool take_samples(ByteReader& in, PrometheusRecord& out) {
  if (in.at_end()) return true;
  const Base base = take_base(in);
  while (!in.at_end()) {
    const Base place = take_place(in, base);
    out.samples.push_back({place.ref, place.t, big_double(in), nullptr});
  }
  return !in.failed();
}

bool take_tombstones(ByteReader& in, PrometheusRecord& out) {
  while (!in.at_end()) {
    PrometheusRecord::Tombstone one{big64(in), 0, 0};
    one.start = in.signed_varint();
    one.end = in.signed_varint();
    out.tombstones.push_back(one);
  }
  return !in.failed();
}

bool take_exemplars(ByteReader& in, PrometheusRecord& out) {
  if (in.at_end()) return true;
  const Base base = take_base(in);
  while (!in.at_end()) {
    const Base place = take_place(in, base);
    storage::Exemplar exemplar;
    exemplar.t = place.t;
    exemplar.has_timestamp = true;
    exemplar.value = big_double(in);
    if (!take_labels(in, exemplar.labels)) return false;
    out.exemplars.emplace_back(place.ref, std::move(exemplar));
  }
  return !in.failed();
}

model::MetricType metric_type(std::uint8_t type) {
  static constexpr model::MetricType kTypes[] = {model::MetricType::kUnknown,        model::MetricType::kCounter,
                                                 model::MetricType::kGauge,          model::MetricType::kHistogram,
                                                 model::MetricType::kGaugeHistogram, model::MetricType::kSummary,
                                                 model::MetricType::kInfo,           model::MetricType::kStateset};
  return type < std::size(kTypes) ? kTypes[type] : model::MetricType::kUnknown;
}

bool take_metadata(ByteReader& in, PrometheusRecord& out) {
  while (!in.at_end()) {
    const std::uint64_t ref = in.varint();
    storage::Metadata metadata;
    metadata.type = metric_type(in.fixed<std::uint8_t>());
    const std::size_t fields = in.count(2);
    for (std::size_t i = 0; i < fields; ++i) {
      const std::string_view name = in.text();
      const std::string_view value = in.text();
      if (name == "UNIT") metadata.unit = value;
      if (name == "HELP") metadata.help = value;
    }
    if (in.failed()) return false;
    out.metadata.emplace_back(ref, std::move(metadata));
  }
  return !in.failed();
}

bool take_spans(ByteReader& in, std::vector<model::HistogramSpan>& spans) {
  const std::size_t count = in.count(2);
  for (std::size_t i = 0; i < count; ++i) {
    model::HistogramSpan span;
    const std::int64_t offset = in.signed_varint();
    span.offset = static_cast<std::int32_t>(offset);
    span.length = in.varint32();
    if (span.offset != offset) return false;
    spans.push_back(span);
  }
  return !in.failed();
}

/// Counts of integer histograms are each the difference to the one before; those of floats stand as they are.
bool take_buckets(ByteReader& in, bool integer, std::vector<double>& buckets) {
  const std::size_t count = in.count(integer ? 1 : 8);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (integer) {
      last = wrapping_add(last, in.signed_varint());
      buckets.push_back(static_cast<double>(last));
    } else {
      buckets.push_back(big_double(in));
    }
  }
  return !in.failed();
}

bool take_histogram(ByteReader& in, bool integer, model::FloatHistogram& out) {
  const auto hint = in.fixed<std::uint8_t>();
  if (hint > static_cast<std::uint8_t>(model::CounterReset::kGauge)) return false;
  out.reset_hint = static_cast<model::CounterReset>(hint);
  out.integer = integer;
  const std::int64_t schema = in.signed_varint();
  out.schema = static_cast<std::int32_t>(schema);
  if (out.schema != schema) return false;
  out.zero_threshold = big_double(in);
  out.zero_count = integer ? static_cast<double>(in.varint()) : big_double(in);
  out.count = integer ? static_cast<double>(in.varint()) : big_double(in);
  out.sum = big_double(in);
  if (!take_spans(in, out.positive_spans) || !take_spans(in, out.negative_spans)) return false;
  if (!take_buckets(in, integer, out.positive_buckets) || !take_buckets(in, integer, out.negative_buckets))
    return false;
  if (out.schema != model::kCustomBucketsSchema) return true;
  const std::size_t bounds = in.count(8);
  for (std::size_t i = 0; i < bounds; ++i) out.custom_values.push_back(big_double(in));
  return !in.failed();
}

bool take_histograms(ByteReader& in, bool integer, PrometheusRecord& out) {
  if (in.at_end()) return true;
  const Base base = take_base(in);
  while (!in.at_end()) {
    const Base place = take_place(in, base);
    auto histogram = std::make_shared<model::FloatHistogram>();
    if (!take_histogram(in, integer, *histogram)) return false;
    out.samples.push_back({place.ref, place.t, 0, std::move(histogram)});
  }
  return !in.failed();
}

}  // namespace

void PrometheusRecord::clear() {
  series.clear();
  samples.clear();
  tombstones.clear();
  exemplars.clear();
  metadata.clear();
  known = true;
}

bool decode_prometheus_record(std::string_view bytes, PrometheusRecord& out) {
  out.clear();
  ByteReader in(bytes);
  switch (in.fixed<std::uint8_t>()) {
    case kSeriesRecord:
      return take_series(in, out);
    case kSamplesRecord:
      return take_samples(in, out);
    case kTombstonesRecord:
      return take_tombstones(in, out);
    case kExemplarsRecord:
      return take_exemplars(in, out);
    case kMmapMarkersRecord:
      return true;  // where the log stands against files of chunks, which are not read
    case kMetadataRecord:
      return take_metadata(in, out);
    case kHistogramsRecord:
    case kCustomHistogramsRecord:
      return take_histograms(in, true, out);
    case kFloatHistogramsRecord:
    case kCustomFloatHistogramsRecord:
      return take_histograms(in, false, out);
    default:
      out.known = false;
      return !in.failed();
  }
}

}  // namespace tocsin::tsdb
