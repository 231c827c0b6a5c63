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
  key.reset();
  label_messages.clear();
  samples.clear();
  histograms.clear();
  exemplars.clear();
  label_refs.clear();
  metadata = {};
  labels_problem.clear();
  metadata_problem.clear();
}

struct WriteReader::Parser {
  Parser(WriteVersion v, std::string_view b, const WriteLimits& l, std::optional<std::uint64_t> s)
      : version(v), body(b), limits(l), key_seed(s), left(l), trail(b), fields(b, trail) {}

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
        read_series(fields.message(), out);
        if (key_seed) {
          make_key(out);
        } else {
          read_labels(out);
        }
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

  /// Of either version: they differ in labels and the numbers of two fields.
  void read_series(Fields message, WriteSeries& out) {
    const bool v1 = version == WriteVersion::k1;
    const std::uint32_t histograms = v1 ? 4 : 3, exemplars = v1 ? 3 : 4;
    std::uint32_t help = 0, unit = 0;
    label_bytes = {};
    while (message.next()) {
      const std::uint32_t number = message.number();
      if (number == 1) {
        v1 ? note_label(message, out) : message.uint32s([&](std::uint32_t ref) { put_ref(ref, out.label_refs); });
      } else if (number == 2) {
        add_sample(message.message(), out);
      } else if (number == histograms) {
        add_histogram(message.message(), out);
      } else if (number == exemplars) {
        add_exemplar(message.message(), out);
      } else if (number == 5 && !v1) {
        read_metadata2(message.message(), out.metadata.type, help, unit);
      } else {
        message.skip();
      }
    }
    if (v1) return;
    out.labels_problem = check_refs(out.label_refs);
    out.metadata_problem = resolve_metadata(help, unit, out.metadata);
    metadata_unit = unit;
  }

  void add_exemplar(Fields message, WriteSeries& out) {
    count_down(left.max_exemplars, "exemplars");
    WriteExemplar& exemplar = out.exemplars.emplace_back();
    exemplar_refs.clear();
    begin_labels();
    while (message.next()) {
      switch (message.number()) {
        case 1:
          if (version == WriteVersion::k1) {
            add_label(message.message(), exemplar.labels);
          } else {
            message.uint32s([&](std::uint32_t ref) { put_ref(ref, exemplar_refs); });
          }
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
    if (version == WriteVersion::k1) return;
    exemplar.problem = check_refs(exemplar_refs);
    if (exemplar.problem.empty()) resolve(exemplar_refs, exemplar.labels);
  }

  void read_labels(WriteSeries& out) {
    out.labels.clear();
    begin_labels();
    for (const std::string_view message : out.label_messages) add_label(Fields(message, trail), out.labels);
    if (out.labels_problem.empty()) resolve(out.label_refs, out.labels);
  }

  void make_key(WriteSeries& out) {
    if (version == WriteVersion::k1) {
      // All labels in one piece: nobody sends them otherwise.
      if (label_bytes.data() != nullptr) out.key = hash128(label_bytes, *key_seed);
      return;
    }
    if (!out.labels_problem.empty() || !out.metadata_problem.empty()) return;
    symbol_keys.resize(symbols.size());
    key_parts.clear();
    for (const std::uint32_t ref : out.label_refs) key_parts.push_back(symbol_key(ref));
    key_parts.push_back(symbol_key(metadata_unit));
    key_parts.back().low ^= static_cast<std::uint64_t>(out.metadata.type);
    const std::string_view bytes(reinterpret_cast<const char*>(key_parts.data()), key_parts.size() * sizeof(Hash128));
    out.key = hash128(bytes, ~*key_seed);  // other than one of 1.0, whatever that was made of
  }

  const Hash128& symbol_key(std::uint32_t ref) {
    Hash128& key = symbol_keys[ref];
    if (key == Hash128()) key = hash128(symbols[ref], *key_seed);
    return key;
  }

  // 1.0

  void note_label(Fields& message, WriteSeries& out) {
    if (out.label_messages.size() >= limits.max_labels) {
      throw Fault{Errc::kLimit, fmt::format("more than {} labels", limits.max_labels)};
    }
    const char* const begin = trail.at;
    const std::string_view label = message.text();
    const char* const end = label.data() + label.size();
    if (out.label_messages.empty()) {
      label_bytes = {begin, end};
    } else if (label_bytes.data() + label_bytes.size() == begin) {
      label_bytes = {label_bytes.data(), end};
    } else {
      label_bytes = {};
    }
    out.label_messages.push_back(label);
  }

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
  std::string check_refs(const std::vector<std::uint32_t>& refs) const {
    if (refs.size() % 2 != 0) return fmt::format("invalid labelRefs length {}", refs.size());
    for (std::size_t i = 0; i < refs.size(); i += 2) {
      if (refs[i] >= symbols.size() || refs[i + 1] >= symbols.size()) {
        return fmt::format("labelRefs {} (name) = {} (value) outside of symbols table (size {})", refs[i], refs[i + 1],
                           symbols.size());
      }
    }
    return {};
  }

  void resolve(const std::vector<std::uint32_t>& refs, std::vector<LabelView>& labels) {
    begin_labels();
    for (std::size_t i = 0; i < refs.size(); i += 2) put_label({symbols[refs[i]], symbols[refs[i + 1]]}, labels);
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
  const std::optional<std::uint64_t> key_seed;
  WriteLimits left;  // counted down
  Trail trail;
  Fields fields;
  bool began = false;
  std::size_t set_bytes = 0;  // of the labels of the series or exemplar at hand
  std::vector<std::string_view> symbols;
  std::vector<std::uint32_t> exemplar_refs;
  // For the keys of series.
  std::string_view label_bytes;  // of 1.0: from the first label to the last; null if something stands between
  std::uint32_t metadata_unit = 0;
  std::vector<Hash128> symbol_keys;  // of symbols that were asked for
  std::vector<Hash128> key_parts;
  HistogramParser histogram_parser;
};

WriteReader::WriteReader(WriteVersion version, std::string_view body, WriteLimits limits,
                         std::optional<std::uint64_t> key_seed)
    : parser_(std::make_unique<Parser>(version, body, limits, key_seed)) {}
WriteReader::~WriteReader() = default;

bool WriteReader::next(WriteSeries& series) {
  series.clear();
  if (!status_) return false;
  const auto found = guard("remote write request", parser_->trail, [&] { return parser_->next(series, metadata_); });
  if (!found) status_ = fail(found.error());
  return found.value_or(false);
}

bool WriteReader::read_labels(WriteSeries& series) {
  if (!status_) return false;
  const auto read = guard("remote write request", parser_->trail, [&] {
    parser_->read_labels(series);
    return true;
  });
  if (!read) status_ = fail(read.error());
  return read.has_value();
}

}  // namespace tocsin::wire
