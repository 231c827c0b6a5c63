#include "wire/metric_family.hpp"

#include <utility>

#include <fmt/format.h>

#include "wire/fields.hpp"

namespace tocsin::wire {
namespace {

template <typename T>
void check_room(const std::vector<T>& list, std::string_view what) {
  if (list.size() < MetricFamilyReader::kMaxElements) return;
  throw Fault{Errc::kLimit, fmt::format("a metric has more than {} {}", MetricFamilyReader::kMaxElements, what)};
}

/// google.protobuf.Timestamp in milliseconds, as Go's arithmetic makes them of any numbers.
Timestamp read_time(Fields in) {
  std::uint64_t seconds = 0;
  std::int32_t nanos = 0;
  while (in.next()) {
    switch (in.number()) {
      case 1:
        seconds = in.number_uint64();
        break;
      case 2:
        nanos = static_cast<std::int32_t>(in.number_uint32());
        break;
      default:
        in.skip();
    }
  }
  return static_cast<Timestamp>(seconds * 1000 + static_cast<std::uint64_t>(std::int64_t{nanos / 1'000'000}));
}

double read_value(Fields in) {
  double value = 0;
  while (in.next()) {
    if (in.number() == 1) {
      value = in.number_double();
    } else {
      in.skip();
    }
  }
  return value;
}

void read_counter(Fields in, ProtoMetric& out) {
  while (in.next()) {
    switch (in.number()) {
      case 1:
        out.value = in.number_double();
        break;
      case 2:
        out.exemplar = {in.text(), true};
        break;
      case 3:
        out.start = read_time(in.message());
        break;
      default:
        in.skip();
    }
  }
}

ProtoQuantile read_quantile(Fields in) {
  ProtoQuantile out;
  while (in.next()) {
    switch (in.number()) {
      case 1:
        out.quantile = in.number_double();
        break;
      case 2:
        out.value = in.number_double();
        break;
      default:
        in.skip();
    }
  }
  return out;
}

void read_summary(Fields in, ProtoMetric& out) {
  while (in.next()) {
    switch (in.number()) {
      case 1:
        out.summary_count = in.number_uint64();
        break;
      case 2:
        out.summary_sum = in.number_double();
        break;
      case 3:
        check_room(out.quantiles, "quantiles");
        out.quantiles.push_back(read_quantile(in.message()));
        break;
      case 4:
        out.start = read_time(in.message());
        break;
      default:
        in.skip();
    }
  }
}

ProtoBucket read_bucket(Fields in) {
  ProtoBucket out;
  std::uint64_t count = 0;
  while (in.next()) {
    switch (in.number()) {
      case 1:
        count = in.number_uint64();
        break;
      case 2:
        out.upper_bound = in.number_double();
        break;
      case 3:
        out.exemplar = {in.text(), true};
        break;
      case 4:
        out.cumulative_count = in.number_double();
        break;
      default:
        in.skip();
    }
  }
  if (out.cumulative_count == 0) out.cumulative_count = static_cast<double>(count);
  return out;
}

void read_span(Fields& from, std::vector<model::HistogramSpan>& out) {
  check_room(out, "spans");
  Fields in = from.message();
  model::HistogramSpan span;
  while (in.next()) {
    switch (in.number()) {
      case 1:
        span.offset = in.number_sint32();
        break;
      case 2:
        span.length = in.number_uint32();
        break;
      default:
        in.skip();
    }
  }
  out.push_back(span);
}

void read_deltas(Fields& in, std::vector<std::int64_t>& out) {
  in.sint64s([&out](std::int64_t delta) {
    check_room(out, "buckets");
    out.push_back(delta);
  });
}

void read_counts(Fields& in, std::vector<double>& out) {
  in.doubles([&out](double count) {
    check_room(out, "buckets");
    out.push_back(count);
  });
}

/// A field of the native part of a histogram. @return false if it is none.
bool read_native(Fields& in, ProtoHistogram& out) {
  switch (in.number()) {
    case 5:
      out.schema = in.number_sint32();
      return true;
    case 6:
      out.zero_threshold = in.number_double();
      return true;
    case 7:
      out.zero_count = in.number_uint64();
      return true;
    case 8:
      out.zero_count_float = in.number_double();
      return true;
    case 9:
      read_span(in, out.negative_spans);
      return true;
    case 10:
      read_deltas(in, out.negative_deltas);
      return true;
    case 11:
      read_counts(in, out.negative_counts);
      return true;
    case 12:
      read_span(in, out.positive_spans);
      return true;
    case 13:
      read_deltas(in, out.positive_deltas);
      return true;
    case 14:
      read_counts(in, out.positive_counts);
      return true;
    case 16:
      check_room(out.exemplars, "exemplars");
      out.exemplars.push_back(in.text());
      return true;
    default:
      return false;
  }
}

void read_histogram(Fields in, ProtoMetric& metric) {
  ProtoHistogram& out = metric.histogram;
  while (in.next()) {
    switch (in.number()) {
      case 1:
        out.sample_count = in.number_uint64();
        break;
      case 2:
        out.sample_sum = in.number_double();
        break;
      case 3:
        check_room(out.buckets, "buckets");
        out.buckets.push_back(read_bucket(in.message()));
        break;
      case 4:
        out.sample_count_float = in.number_double();
        break;
      case 15:
        metric.start = read_time(in.message());
        break;
      default:
        if (!read_native(in, out)) in.skip();
    }
  }
}

/// Collects the label fields of a message: a view as long as they stand together, else a copy.
class LabelFields {
 public:
  explicit LabelFields(std::string& scratch) : scratch_(scratch) {}
  /// The field that `in` stands at, which began where the trail stands.
  void take(Fields& in, const Trail& trail) {
    const char* const begin = trail.at;
    const std::string_view text = in.text();
    const std::string_view field(begin, static_cast<std::size_t>(text.data() + text.size() - begin));
    if (fields_.empty()) {
      fields_ = field;
    } else if (!copied_ && fields_.data() + fields_.size() == begin) {
      fields_ = {fields_.data(), fields_.size() + field.size()};
    } else {
      if (!copied_) scratch_ = fields_;
      copied_ = true;
      scratch_ += field;
    }
  }
  std::string_view fields() const { return copied_ ? std::string_view(scratch_) : fields_; }

 private:
  std::string& scratch_;
  std::string_view fields_;
  bool copied_ = false;
};

void clear(ProtoMetric& metric) {
  metric.labels = {};
  metric.timestamp = metric.start = 0;
  metric.value = 0;
  metric.exemplar = {};
  metric.summary_count = 0;
  metric.summary_sum = 0;
  metric.quantiles.clear();
}

void read_metric(Fields in, const Trail& trail, ProtoType type, ProtoMetric& out, std::string& scratch) {
  clear(out);
  const bool is_histogram = type == ProtoType::kHistogram || type == ProtoType::kGaugeHistogram;
  if (is_histogram) out.histogram.clear();
  LabelFields labels(scratch);
  while (in.next()) {
    switch (in.number()) {
      case 1:
        labels.take(in, trail);
        continue;
      case 2:
        if (type == ProtoType::kGauge) {
          out.value = read_value(in.message());
          continue;
        }
        break;
      case 3:
        if (type == ProtoType::kCounter) {
          read_counter(in.message(), out);
          continue;
        }
        break;
      case 4:
        if (type == ProtoType::kSummary) {
          read_summary(in.message(), out);
          continue;
        }
        break;
      case 5:
        if (type == ProtoType::kUntyped) {
          out.value = read_value(in.message());
          continue;
        }
        break;
      case 6:
        out.timestamp = in.number_int64();
        continue;
      case 7:
        if (is_histogram) {
          read_histogram(in.message(), out);
          continue;
        }
        break;
      default:
        break;
    }
    in.skip();
  }
  out.labels = labels.fields();
}

}  // namespace

void ProtoHistogram::clear() {
  sample_count = zero_count = 0;
  sample_count_float = sample_sum = zero_threshold = zero_count_float = 0;
  schema = 0;
  buckets.clear();
  negative_spans.clear();
  positive_spans.clear();
  negative_deltas.clear();
  positive_deltas.clear();
  negative_counts.clear();
  positive_counts.clear();
  exemplars.clear();
}

MetricFamilyReader::Step MetricFamilyReader::fail(std::string message, const char* at) {
  failed_ = true;
  error_ = std::move(message);
  // The place is within the page, but for labels that were copied together.
  const bool is_inside = at >= page_.data() && at <= page_.data() + page_.size();
  error_offset_ = is_inside ? static_cast<std::size_t>(at - page_.data()) : at_;
  return Step::kError;
}

/// Calls `read(trail)` and turns what it throws into an error at the trail's place.
template <typename Read>
MetricFamilyReader::Step MetricFamilyReader::guarded(Read&& read) {
  if (failed_) return Step::kError;
  Trail trail(page_);
  trail.at += at_;
  try {
    return read(trail);
  } catch (const Fault& fault) {
    return fail(fault.what, trail.at);
  } catch (const protozero::exception& error) {
    return fail(std::string(exception_text(error)), trail.at);
  }
}

MetricFamilyReader::Step MetricFamilyReader::next_family() {
  return guarded([this](Trail& trail) {
    if (at_ == page_.size()) return Step::kEnd;
    const char* cursor = trail.at;
    const char* const end = page_.data() + page_.size();
    const std::uint64_t size = protozero::decode_varint(&cursor, end);
    const auto left = static_cast<std::uint64_t>(end - cursor);
    if (size > left) {
      throw Fault{Errc::kInvalid,
                  fmt::format("insufficient length of buffer, expected at least {} bytes, got {} bytes", size, left)};
    }
    rest_ = {cursor, static_cast<std::size_t>(size)};
    family_ = {};
    Fields in(rest_, trail);
    while (in.next()) {
      switch (in.number()) {
        case 1:
          family_.name = in.text();
          break;
        case 2:
          family_.help = in.text();
          break;
        case 3:
          family_.type = static_cast<std::int32_t>(in.number_uint32());
          break;
        case 4:
          in.text();
          break;
        case 5:
          family_.unit = in.text();
          break;
        default:
          in.skip();
      }
    }
    at_ = static_cast<std::size_t>(cursor - page_.data()) + size;
    return Step::kOne;
  });
}

MetricFamilyReader::Step MetricFamilyReader::next_metric() {
  return guarded([this](Trail& trail) {
    Fields family(rest_, trail);
    while (family.next()) {
      if (family.number() != 4) {
        family.skip();
        continue;
      }
      const std::string_view message = family.text();
      const char* const behind = message.data() + message.size();
      read_metric(Fields(message, trail), trail, static_cast<ProtoType>(family_.type), metric_, labels_);
      rest_ = {behind, static_cast<std::size_t>(rest_.data() + rest_.size() - behind)};
      return Step::kOne;
    }
    rest_ = {};
    return Step::kEnd;
  });
}

MetricFamilyReader::Step MetricFamilyReader::read_labels(std::string_view labels, std::vector<model::LabelView>& out) {
  out.clear();
  return guarded([&](Trail& trail) {
    Fields fields(labels, trail);
    while (fields.next()) {
      Fields in = fields.message();
      model::LabelView label;
      while (in.next()) {
        switch (in.number()) {
          case 1:
            label.name = in.text();
            break;
          case 2:
            label.value = in.text();
            break;
          default:
            in.skip();
        }
      }
      out.push_back(label);
    }
    return Step::kOne;
  });
}

MetricFamilyReader::Step MetricFamilyReader::read_exemplar(std::string_view message, ProtoExemplar& out) {
  out = {};
  return guarded([&](Trail& trail) {
    LabelFields labels(exemplar_labels_);
    Fields in(message, trail);
    while (in.next()) {
      switch (in.number()) {
        case 1:
          labels.take(in, trail);
          break;
        case 2:
          out.value = in.number_double();
          break;
        case 3:
          out.timestamp = read_time(in.message());
          out.has_timestamp = true;
          break;
        default:
          in.skip();
      }
    }
    out.labels = labels.fields();
    return Step::kOne;
  });
}

}  // namespace tocsin::wire
