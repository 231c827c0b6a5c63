#include "tsdb/prometheus_record.hpp"

#include "tsdb/prometheus_files.hpp"

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
  kSamplesRecord2 = 11,
  kHistogramsRecord2 = 12,
  kFloatHistogramsRecord2 = 13,
};

std::uint64_t big64(ByteReader& in) {
  return get_big<std::uint64_t>(in);
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

/// Where samples stand: series, time and start timestamp of one after the other. In the first version, which has no
/// starts, each is coded against what stands in front of all; in the second, series against the one before, time and
/// start against the first.
class Places {
 public:
  struct Place {
    std::uint64_t ref = 0;
    Timestamp t = 0, start = 0;
  };
  Places(ByteReader& in, bool second) : in_(in), second_(second) {
    if (second) return;
    first_.ref = big64(in);
    first_.t = static_cast<Timestamp>(big64(in));
  }

  Place next() {
    if (!second_) return {moved(first_.ref), wrapping_add(first_.t, in_.signed_varint()), 0};
    if (!begun_) {
      begun_ = true;
      first_.ref = static_cast<std::uint64_t>(in_.signed_varint());
      first_.t = in_.signed_varint();
      first_.start = in_.signed_varint();
      last_ = first_;
      return first_;
    }
    last_.ref = moved(last_.ref);
    last_.t = wrapping_add(first_.t, in_.signed_varint());
    last_.start = next_start();
    return last_;
  }

 private:
  enum StartMarker : std::uint8_t { kNone = 0, kSame = 1 };

  std::uint64_t moved(std::uint64_t ref) { return ref + static_cast<std::uint64_t>(in_.signed_varint()); }
  Timestamp next_start() {
    const auto marker = in_.fixed<std::uint8_t>();
    if (marker == kNone) return 0;
    return marker == kSame ? last_.start : wrapping_add(first_.start, in_.signed_varint());
  }

  ByteReader& in_;
  const bool second_;
  bool begun_ = false;
  Place first_, last_;
};

bool take_samples(ByteReader& in, bool second, PrometheusRecord& out) {
  if (in.at_end()) return true;
  Places places(in, second);
  while (!in.at_end()) {
    const auto place = places.next();
    out.samples.push_back({place.ref, place.t, place.start, big_double(in), nullptr});
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
  Places places(in, false);
  while (!in.at_end()) {
    const auto place = places.next();
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

/// One that is finer than what is stored is made coarser, as far as it makes sense; Prometheus does so too.
void fit(model::FloatHistogram& histogram) {
  const std::int32_t schema = histogram.schema;
  if (schema <= model::kMaxSchema) return;
  histogram.schema = model::kMaxSchema;  // what else there is to judge is the same at each resolution
  const bool valid = model::validate(histogram).has_value();
  histogram.schema = schema;
  if (valid) model::reduce_resolution(histogram, model::kMaxSchema);
}

bool is_known_schema(std::int32_t schema) {
  return schema == model::kCustomBucketsSchema ||
         (schema >= model::kMinReservedSchema && schema <= model::kMaxReservedSchema);
}

bool take_histograms(ByteReader& in, bool integer, bool second, PrometheusRecord& out) {
  if (in.at_end()) return true;
  Places places(in, second);
  while (!in.at_end()) {
    const auto place = places.next();
    auto histogram = std::make_shared<model::FloatHistogram>();
    if (!take_histogram(in, integer, *histogram)) return false;
    if (!is_known_schema(histogram->schema)) {
      ++out.unknown_schemas;
      continue;
    }
    fit(*histogram);
    out.samples.push_back({place.ref, place.t, place.start, 0, std::move(histogram)});
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
  unknown_schemas = 0;
  known = true;
}

bool decode_prometheus_record(std::string_view bytes, PrometheusRecord& out) {
  out.clear();
  ByteReader in(bytes);
  switch (in.fixed<std::uint8_t>()) {
    case kSeriesRecord:
      return take_series(in, out);
    case kSamplesRecord:
      return take_samples(in, false, out);
    case kSamplesRecord2:
      return take_samples(in, true, out);
    case kTombstonesRecord:
      return take_tombstones(in, out);
    case kExemplarsRecord:
      return take_exemplars(in, out);
    case kMmapMarkersRecord:
      return true;  // which late samples are in files of head chunks: all of those are read, and each sample counts
                    // once
    case kMetadataRecord:
      return take_metadata(in, out);
    case kHistogramsRecord:
    case kCustomHistogramsRecord:
      return take_histograms(in, true, false, out);
    case kFloatHistogramsRecord:
    case kCustomFloatHistogramsRecord:
      return take_histograms(in, false, false, out);
    case kHistogramsRecord2:
      return take_histograms(in, true, true, out);
    case kFloatHistogramsRecord2:
      return take_histograms(in, false, true, out);
    default:
      out.known = false;
      return !in.failed();
  }
}

bool decode_prometheus_series(std::string_view bytes, PrometheusRecord& out) {
  const bool wanted = !bytes.empty() && (bytes[0] == kSeriesRecord || bytes[0] == kTombstonesRecord);
  if (wanted) return decode_prometheus_record(bytes, out);
  out.clear();
  return true;
}

}  // namespace tocsin::tsdb
