#include "block/meta.hpp"

#include <limits>

#include <boost/json.hpp>

namespace tocsin::block {
namespace {

namespace json = boost::json;

constexpr int kDeepestJson = 16;

/// Reads fields and remembers the first that is wrong. A missing field keeps its zero, as in Go.
class Fields {
 public:
  const std::string& wrong() const { return wrong_; }

  template <typename Number>
  void number(const json::object& from, const char* name, Number& out) {
    const json::value* const value = find(from, name);
    if (!value) return;
    boost::system::error_code error;
    const Number read = value->to_number<Number>(error);
    if (error || value->is_double()) return fail(name, "is no whole number in range");
    out = read;
  }
  void flag(const json::object& from, const char* name, bool& out) {
    const json::value* const value = find(from, name);
    if (!value) return;
    if (!value->is_bool()) return fail(name, "is neither true nor false");
    out = value->get_bool();
  }
  void ulid(const json::object& from, const char* name, Ulid& out) {
    if (const json::value* const value = find(from, name)) ulid(*value, name, out);
  }
  void ulid(const json::value& value, const char* name, Ulid& out) {
    const auto parsed = value.is_string() ? Ulid::parse(std::string_view(value.get_string())) : std::nullopt;
    if (!parsed) return fail(name, "is no ULID");
    out = *parsed;
  }
  const json::object* object(const json::object& from, const char* name) {
    const json::value* const value = find(from, name);
    if (!value) return nullptr;
    if (!value->is_object()) fail(name, "is no object");
    return value->if_object();
  }
  template <typename Each>
  void each(const json::object& from, const char* name, Each&& take) {
    const json::value* const value = find(from, name);
    if (!value) return;
    if (!value->is_array()) return fail(name, "is no list");
    for (const json::value& one : value->get_array()) take(one);
  }
  void fail(const char* name, const char* why) {
    if (wrong_.empty()) wrong_ = fmt::format("field \"{}\" {}", name, why);
  }

 private:
  static const json::value* find(const json::object& from, const char* name) {
    const json::value* const value = from.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
  }
  std::string wrong_;
};

void read_stats(const json::object& from, Fields& fields, Stats& stats) {
  fields.number(from, "numSamples", stats.samples);
  fields.number(from, "numFloatSamples", stats.float_samples);
  fields.number(from, "numHistogramSamples", stats.histogram_samples);
  fields.number(from, "numSeries", stats.series);
  fields.number(from, "numChunks", stats.chunks);
  fields.number(from, "numTombstones", stats.tombstones);
}

void read_compaction(const json::object& from, Fields& fields, Meta::Compaction& compaction) {
  fields.number(from, "level", compaction.level);
  fields.flag(from, "deletable", compaction.deletable);
  fields.flag(from, "failed", compaction.failed);
  fields.each(from, "sources",
              [&](const json::value& one) { fields.ulid(one, "sources", compaction.sources.emplace_back()); });
  fields.each(from, "hints", [&](const json::value& one) {
    if (!one.is_string()) return fields.fail("hints", "has what is no text");
    compaction.hints.emplace_back(one.get_string());
  });
  fields.each(from, "parents", [&](const json::value& one) {
    if (!one.is_object()) return fields.fail("parents", "has what is no object");
    Meta::Parent& parent = compaction.parents.emplace_back();
    fields.ulid(one.get_object(), "ulid", parent.ulid);
    fields.number(one.get_object(), "minTime", parent.min_time);
    fields.number(one.get_object(), "maxTime", parent.max_time);
  });
}

/// Indented JSON as Go's MarshalIndent with a tab writes it.
class Printer {
 public:
  void open(std::string_view name, char bracket) {
    key(name);
    out_ += bracket;
    brackets_ += bracket == '{' ? '}' : ']';
    first_ = true;
  }
  void close() {
    const char bracket = brackets_.back();
    brackets_.pop_back();
    if (!first_) line();
    out_ += bracket;
    first_ = false;
  }
  /// `value` is JSON.
  void put(std::string_view name, std::string_view value) {
    key(name);
    out_ += value;
  }
  void number(std::string_view name, std::int64_t value) { put(name, fmt::format_int(value).c_str()); }
  void number_if(std::string_view name, std::uint64_t value) {
    if (value != 0) put(name, fmt::format_int(value).c_str());
  }
  void text(std::string_view name, std::string_view value) {
    put(name, json::serialize(json::string_view(value.data(), value.size())));
  }
  std::string take() { return std::move(out_); }

 private:
  void line() {
    out_ += '\n';
    out_.append(brackets_.size(), '\t');
  }
  void key(std::string_view name) {
    if (brackets_.empty()) return;
    if (!first_) out_ += ',';
    first_ = false;
    line();
    if (!name.empty()) out_ += fmt::format("\"{}\": ", name);
  }
  std::string out_, brackets_;
  bool first_ = true;
};

void print_compaction(const Meta::Compaction& compaction, Printer& out) {
  out.open("compaction", '{');
  out.number("level", compaction.level);
  if (!compaction.sources.empty()) {
    out.open("sources", '[');
    for (const Ulid& source : compaction.sources) out.text("", source.text());
    out.close();
  }
  if (compaction.deletable) out.put("deletable", "true");
  if (!compaction.parents.empty()) {
    out.open("parents", '[');
    for (const Meta::Parent& parent : compaction.parents) {
      out.open("", '{');
      out.text("ulid", parent.ulid.text());
      out.number("minTime", parent.min_time);
      out.number("maxTime", parent.max_time);
      out.close();
    }
    out.close();
  }
  if (compaction.failed) out.put("failed", "true");
  if (!compaction.hints.empty()) {
    out.open("hints", '[');
    for (const std::string& hint : compaction.hints) out.text("", hint);
    out.close();
  }
  out.close();
}

}  // namespace

Result<Meta> parse_meta(std::string_view text, int* version) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kDeepestJson;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return fail(Errc::kCorrupt, "no JSON: {}", error.message());
  if (!root.is_object()) return fail(Errc::kCorrupt, "no JSON object");
  const json::object& object = root.get_object();
  Fields fields;
  int found_version = 0;
  fields.number(object, "version", found_version);
  if (fields.wrong().empty() && found_version != kMetaVersion && !(version && found_version == kMetaVersionOf21)) {
    return fail(Errc::kCorrupt, "unexpected meta file version {}", found_version);
  }
  Meta meta;
  fields.ulid(object, "ulid", meta.ulid);
  fields.number(object, "minTime", meta.min_time);
  fields.number(object, "maxTime", meta.max_time);
  if (const json::object* const stats = fields.object(object, "stats")) read_stats(*stats, fields, meta.stats);
  if (const json::object* const compaction = fields.object(object, "compaction")) {
    read_compaction(*compaction, fields, meta.compaction);
  }
  if (!fields.wrong().empty()) return fail(Errc::kCorrupt, "{}", fields.wrong());
  if (meta.min_time > meta.max_time) {
    return fail(Errc::kCorrupt, "minTime {} is after maxTime {}", meta.min_time, meta.max_time);
  }
  if (version) *version = found_version;
  return meta;
}

std::string meta_json(const Meta& meta) {
  Printer out;
  out.open("", '{');
  out.text("ulid", meta.ulid.text());
  out.number("minTime", meta.min_time);
  out.number("maxTime", meta.max_time);
  out.open("stats", '{');
  out.number_if("numSamples", meta.stats.samples);
  out.number_if("numFloatSamples", meta.stats.float_samples);
  out.number_if("numHistogramSamples", meta.stats.histogram_samples);
  out.number_if("numSeries", meta.stats.series);
  out.number_if("numChunks", meta.stats.chunks);
  out.number_if("numTombstones", meta.stats.tombstones);
  out.close();
  print_compaction(meta.compaction, out);
  out.number("version", kMetaVersion);
  out.close();
  return out.take();
}

}  // namespace tocsin::block
