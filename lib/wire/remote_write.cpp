#include "wire/remote_write.hpp"

#include <utility>

#include "wire/fields.hpp"
#include "wire/histogram_message.hpp"

namespace tocsin::wire {
namespace {

using model::LabelView;

void count_down(std::size_t& left, const char* what) {
  if (left == 0) throw Fault{Errc::kLimit, fmt::format("too many {}", what)};
  --left;
}

model::MetricType metric_type(std::uint32_t value) {
  return value <= static_cast<std::uint32_t>(model::MetricType::kStateset) ? static_cast<model::MetricType>(value)
                                                                           : model::MetricType::kUnknown;
}

WriteSample parse_sample(Fields fields) {
  WriteSample sample;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        sample.value = fields.number_double();
        break;
      case 2:
        sample.t = fields.number_int64();
        break;
      case 3:
        sample.start = fields.number_int64();
        break;
      default:
        fields.skip();
    }
  }
  return sample;
}

}  // namespace

void WriteSeries::clear() {
  labels.clear();
  samples.clear();
  histograms.clear();
  exemplars.clear();
  label_refs.clear();
  metadata = {};
  labels_problem.clear();
  metadata_problem.clear();
}

struct WriteReader::Parser {
  Parser(WriteVersion v, std::string_view b, const WriteLimits& l)
      : version(v), body(b), limits(l), left(l), trail(b), fields(b, trail) {}

  /// Symbols may stand behind the series that use them.
  void read_symbols() {
    Fields all(body, trail);
    while (all.next()) {
      if (all.number() != 4) {
        all.skip();
        continue;
      }
      count_down(left.max_symbols, "symbols");
      symbols.push_back(all.text());
    }
  }

  bool next(WriteSeries& out, std::vector<WriteMetadata>& metadata) {
    if (version == WriteVersion::k2 && !std::exchange(began, true)) read_symbols();
    while (fields.next()) {
      if (fields.number() == (version == WriteVersion::k1 ? 1U : 5U)) {
        count_down(left.max_series, "series");
        version == WriteVersion::k1 ? read_series(fields.message(), out) : read_series2(fields.message(), out);
        return true;
      }
      if (version == WriteVersion::k1 && fields.number() == 3) {
        count_down(left.max_metadata, "metadata");
        metadata.push_back(read_metadata(fields.message()));
      } else {
        fields.skip();
      }
    }
    return false;
  }

  void begin_labels() { set_bytes = 0; }
  void put_label(const LabelView& label, std::vector<LabelView>& labels) {
    const std::size_t bytes = label.name.size() + label.value.size();
    set_bytes += bytes;
    if (labels.size() >= limits.max_labels) {
      throw Fault{Errc::kLimit, fmt::format("more than {} labels", limits.max_labels)};
    }
    if (label.name.size() > limits.max_label_bytes || label.value.size() > limits.max_label_bytes) {
      throw Fault{Errc::kLimit, fmt::format("a label of more than {} bytes", limits.max_label_bytes)};
    }
    if (set_bytes > limits.max_label_set_bytes) {
      throw Fault{Errc::kLimit, fmt::format("labels of more than {} bytes", limits.max_label_set_bytes)};
    }
    if (bytes > left.max_all_label_bytes) throw Fault{Errc::kLimit, "too many bytes of labels"};
    left.max_all_label_bytes -= bytes;
    labels.push_back(label);
  }
  void put_ref(std::uint32_t ref, std::vector<std::uint32_t>& refs) const {
    if (refs.size() >= limits.max_labels * 2) {
      throw Fault{Errc::kLimit, fmt::format("more than {} labels", limits.max_labels)};
    }
    refs.push_back(ref);
  }

  void add_sample(Fields message, WriteSeries& out) {
    count_down(left.max_samples, "samples");
    out.samples.push_back(parse_sample(message));
  }
  void add_histogram(Fields message, WriteSeries& out) {
    count_down(left.max_histograms, "histograms");
    HistogramMessage parsed = histogram_parser.parse(message, left.max_buckets);
    out.histograms.push_back({std::move(parsed.histogram), parsed.t, parsed.start});
  }

  // 1.0

  void add_label(Fields message, std::vector<LabelView>& labels) {
    LabelView label;
    while (message.next()) {
      switch (message.number()) {
        case 1:
          label.name = message.text();
          break;
        case 2:
          label.value = message.text();
          break;
        default:
          message.skip();
      }
    }
    put_label(label, labels);
  }

  void read_series(Fields message, WriteSeries& out) {
    begin_labels();
    while (message.next()) {
      switch (message.number()) {
        case 1:
          add_label(message.message(), out.labels);
          break;
        case 2:
          add_sample(message.message(), out);
          break;
        case 3:
          add_exemplar(message.message(), out);
          break;
        case 4:
          add_histogram(message.message(), out);
          break;
        default:
          message.skip();
      }
    }
  }

  void add_exemplar(Fields message, WriteSeries& out) {
    count_down(left.max_exemplars, "exemplars");
    WriteExemplar& exemplar = out.exemplars.emplace_back();
    begin_labels();
    while (message.next()) {
      switch (message.number()) {
        case 1:
          add_label(message.message(), exemplar.labels);
          break;
        case 2:
          exemplar.value = message.number_double();
          break;
        case 3:
          exemplar.t = message.number_int64();
          break;
        default:
          message.skip();
      }
    }
  }

  WriteMetadata read_metadata(Fields message) const {
    WriteMetadata out;
    while (message.next()) {
      switch (message.number()) {
        case 1:
          out.type = metric_type(message.number_uint32());
          break;
        case 2:
          out.family = message.text();
          break;
        case 4:
          out.help = message.text();
          break;
        case 5:
          out.unit = message.text();
          break;
        default:
          message.skip();
      }
    }
    return out;
  }

  // 2.0

  void read_series2(Fields message, WriteSeries& out) {
    std::uint32_t help = 0, unit = 0;
    const auto add_ref = [&](std::uint32_t ref) { put_ref(ref, out.label_refs); };
    while (message.next()) {
      switch (message.number()) {
        case 1:
          message.uint32s(add_ref);
          break;
        case 2:
          add_sample(message.message(), out);
          break;
        case 3:
          add_histogram(message.message(), out);
          break;
        case 4:
          add_exemplar2(message.message(), out);
          break;
        case 5:
          read_metadata2(message.message(), out.metadata.type, help, unit);
          break;
        default:
          message.skip();
      }
    }
    out.labels_problem = resolve(out.label_refs, out.labels);
    out.metadata_problem = resolve_metadata(help, unit, out.metadata);
  }

  void add_exemplar2(Fields message, WriteSeries& out) {
    count_down(left.max_exemplars, "exemplars");
    WriteExemplar& exemplar = out.exemplars.emplace_back();
    exemplar_refs.clear();
    const auto add_ref = [&](std::uint32_t ref) { put_ref(ref, exemplar_refs); };
    while (message.next()) {
      switch (message.number()) {
        case 1:
          message.uint32s(add_ref);
          break;
        case 2:
          exemplar.value = message.number_double();
          break;
        case 3:
          exemplar.t = message.number_int64();
          break;
        default:
          message.skip();
      }
    }
    exemplar.problem = resolve(exemplar_refs, exemplar.labels);
  }

  static void read_metadata2(Fields message, model::MetricType& type, std::uint32_t& help, std::uint32_t& unit) {
    while (message.next()) {
      switch (message.number()) {
        case 1:
          type = metric_type(message.number_uint32());
          break;
        case 3:
          help = message.number_uint32();
          break;
        case 4:
          unit = message.number_uint32();
          break;
        default:
          message.skip();
      }
    }
  }

  /// What is wrong, or "". Texts are Prometheus'.
  std::string resolve(const std::vector<std::uint32_t>& refs, std::vector<LabelView>& labels) {
    begin_labels();
    if (refs.size() % 2 != 0) return fmt::format("invalid labelRefs length {}", refs.size());
    for (std::size_t i = 0; i < refs.size(); i += 2) {
      if (refs[i] >= symbols.size() || refs[i + 1] >= symbols.size()) {
        labels.clear();
        return fmt::format("labelRefs {} (name) = {} (value) outside of symbols table (size {})", refs[i], refs[i + 1],
                           symbols.size());
      }
      put_label({symbols[refs[i]], symbols[refs[i + 1]]}, labels);
    }
    return {};
  }

  std::string resolve_metadata(std::uint32_t help, std::uint32_t unit, WriteMetadata& out) const {
    for (const auto& [what, ref] : {std::pair("unit_ref", unit), std::pair("help_ref", help)}) {
      if (ref >= symbols.size()) {
        return fmt::format("metadata {} {} outside of symbols table (size {})", what, ref, symbols.size());
      }
    }
    out.help = symbols[help];
    out.unit = symbols[unit];
    return {};
  }

  const WriteVersion version;
  const std::string_view body;
  const WriteLimits limits;
  WriteLimits left;  // counted down
  Trail trail;
  Fields fields;
  bool began = false;
  std::size_t set_bytes = 0;  // of the labels of the series or exemplar at hand
  std::vector<std::string_view> symbols;
  std::vector<std::uint32_t> exemplar_refs;
  HistogramParser histogram_parser;
};

WriteReader::WriteReader(WriteVersion version, std::string_view body, WriteLimits limits)
    : parser_(std::make_unique<Parser>(version, body, limits)) {}
WriteReader::~WriteReader() = default;

bool WriteReader::next(WriteSeries& series) {
  series.clear();
  if (!status_) return false;
  const auto found = guard("remote write request", parser_->trail, [&] { return parser_->next(series, metadata_); });
  if (!found) status_ = fail(found.error());
  return found.value_or(false);
}

}  // namespace tocsin::wire
