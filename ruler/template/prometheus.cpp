#include "template/prometheus.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "template/functions.hpp"
#include "template/go_text.hpp"
#include "template/histogram_value.hpp"
#include "template/host_port.hpp"
#include "template/template.hpp"

namespace tocsin::tmpl {

namespace {

constexpr std::string_view kSampleFields[] = {"Labels", "Value"};
constinit const Type kSampleStruct{.name = "template.sample", .kind = Kind::kStruct, .fields = kSampleFields};
constinit const Type kSampleType{.name = "*template.sample", .kind = Kind::kStruct, .target = &kSampleStruct};
constinit const Type kQueryResultType{.name = "template.queryResult", .kind = Kind::kList, .elem = &kSampleType};

constexpr std::string_view kDataFields[] = {"Labels", "ExternalLabels", "ExternalURL", "Value"};
constinit const Type kDataType{
    .name =
        "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }",
    .kind = Kind::kStruct,
    .fields = kDataFields};

/// What Prometheus puts in front of each template of a rule; columns in error texts count from its beginning.
constexpr std::string_view kPrelude =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

Value labels_value(const model::Labels& labels) {
  MapData map;
  for (const auto& [name, value] : labels) map.emplace(std::string(name), Value(value));
  return Value::map(std::move(map), kStringMapType);
}

Value number_or_histogram(double value, const model::HistogramPtr& histogram) {
  return histogram ? histogram_value(*histogram) : Value(value);
}

Value sample_value(const QuerySample& sample) {
  return Value::object({labels_value(sample.labels), number_or_histogram(sample.value, sample.histogram)}, kSampleType);
}

const std::string& label_of(const Value& sample, const std::string& name) {
  static const std::string kNone;
  const MapData& labels = sample.as_fields()[0].as_map();
  auto it = labels.find(name);
  return it == labels.end() ? kNone : it->second.as_string();
}

Result<Value> first(Args args) {
  const ListData& samples = args[0].as_list();
  if (samples.empty()) return fail(Errc::kExecution, "first() called on vector with no elements");
  return samples.front();
}

Result<Value> sort_by_label(Args args) {
  const ListData& samples = args[1].as_list();
  const std::string& name = args[0].as_string();
  std::vector<std::size_t> order(samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::pair(std::string_view(label_of(samples[i], name)), i); });
  ListData sorted;
  for (const std::size_t i : order) sorted.push_back(samples[i]);
  return Value::list(std::move(sorted), kQueryResultType);
}

Result<Value> make_args(Args args) {
  MapData map;
  for (std::size_t i = 0; i < args.size(); ++i) map.emplace(fmt::format("arg{}", i), args[i]);
  return Value::map(std::move(map), kAnyMapType);
}

Result<Value> to_time(Args args) {
  TOCSIN_TRY(const double seconds, to_float(args[0]));
  TOCSIN_TRY(Time time, float_to_time(seconds));
  return Value::time(std::move(time), kTimePointerType);
}

Result<Value> to_duration(Args args) {
  TOCSIN_TRY(const double seconds, to_float(args[0]));
  const double nanos = seconds * 1e9;
  if (!(nanos >= -0x1p63 && nanos < 0x1p63)) return fail(Errc::kExecution, "duration out of range");
  return Value::duration(Duration(static_cast<std::int64_t>(nanos)), kDurationPointerType);
}

/// Seconds of a Prometheus duration that may be negative.
Result<Value> parse_duration_seconds(Args args) {
  std::string_view text = args[0].as_string();
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  TOCSIN_TRY(const Duration duration, parse_duration(text));
  return Value(negative ? -to_seconds(duration) : to_seconds(duration));
}

std::string expression_link(const std::string& expression, int tab) {
  return fmt::format("/graph?g0.expr={}&g0.tab={}", query_escape(expression), tab);
}

Result<Value> no_data(Args) {
  return fail(Errc::kInternal, "BUG: a template function without its data");
}

FuncMap make_functions() {
  FuncMap f;
  add_common_functions(f);
  f["title"] = text_function(1, [](Args a) -> Result<std::string> { return title_text(a[0].as_string(), true); });
  f["first"] = {{&kQueryResultType}, false, first};
  f["label"] = {{&kStringType, &kSampleType}, false, [](Args a) -> Result<Value> {
                  return Value(label_of(a[1], a[0].as_string()));
                }};
  f["value"] = {{&kSampleType}, false, [](Args a) -> Result<Value> { return a[0].as_fields()[1]; }};
  f["strvalue"] = {{&kSampleType}, false, [](Args a) -> Result<Value> { return Value(label_of(a[0], "__value__")); }};
  f["sortByLabel"] = {{&kStringType, &kQueryResultType}, false, sort_by_label};
  f["args"] = {{&kAnyType}, true, make_args};
  f["graphLink"] = text_function(1, [](Args a) -> Result<std::string> { return expression_link(a[0].as_string(), 0); });
  f["tableLink"] = text_function(1, [](Args a) -> Result<std::string> { return expression_link(a[0].as_string(), 1); });
  f["stripPort"] = text_function(1, [](Args a) -> Result<std::string> { return strip_port(a[0].as_string()); });
  f["stripDomain"] = text_function(1, [](Args a) -> Result<std::string> { return strip_domain(a[0].as_string()); });
  f["humanize"] = number_function([](double v) -> Result<std::string> { return humanize(v); });
  f["humanize1024"] = number_function([](double v) -> Result<std::string> { return humanize1024(v); });
  f["humanizePercentage"] = number_function([](double v) -> Result<std::string> { return humanize_percentage(v); });
  f["humanizeTimestamp"] = number_function(humanize_timestamp);
  f["toTime"] = {{&kAnyType}, false, to_time};
  f["toDuration"] = {{&kAnyType}, false, to_duration};
  f["parseDuration"] = {{&kStringType}, false, parse_duration_seconds};
  f["urlQueryEscape"] = text_function(1, [](Args a) -> Result<std::string> { return query_escape(a[0].as_string()); });
  // These belong to one expansion; see data_functions().
  f["query"] = {{&kStringType}, false, no_data};
  f["now"] = f["pathPrefix"] = f["externalURL"] = {{}, false, no_data};
  return f;
}

const std::shared_ptr<const FuncMap>& functions() {
  static const auto table = std::make_shared<const FuncMap>(make_functions());
  return table;
}

/// The path of http://host:9090/prefix, without what follows it.
std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  if (slash == std::string_view::npos) return "";
  return std::string(url.substr(slash, url.find_first_of("?#", slash) - slash));
}

Result<Value> run_query(const PromTemplateData& data, const std::string& expression) {
  if (!data.query) return fail(Errc::kExecution, "no queries can be asked here");
  TOCSIN_TRY(const std::vector<QuerySample> samples, data.query(expression));
  ListData list;
  for (const QuerySample& sample : samples) list.push_back(sample_value(sample));
  return Value::list(std::move(list), kQueryResultType);
}

FuncMap data_functions(const PromTemplateData& data) {
  FuncMap f;
  f["query"] = {{&kStringType}, false, [&data](Args a) { return run_query(data, a[0].as_string()); }};
  f["now"] = {{}, false, [&data](Args) -> Result<Value> { return Value(static_cast<double>(data.now) / 1000.0); }};
  f["pathPrefix"] = {{}, false, [&data](Args) -> Result<Value> { return Value(path_of(data.external_url)); }};
  f["externalURL"] = {{}, false, [&data](Args) -> Result<Value> { return Value(data.external_url); }};
  return f;
}

Value data_value(const PromTemplateData& data) {
  return Value::object({labels_value(data.labels), labels_value(data.external_labels), Value(data.external_url),
                        number_or_histogram(data.value, data.histogram)},
                       kDataType);
}

}  // namespace

struct PromTemplate::Impl {
  std::string name;
  std::optional<std::string> plain;
  Template set;
};

Result<PromTemplate> PromTemplate::parse(std::string name, std::string_view text) {
  PromTemplate out;
  auto impl = std::make_shared<Impl>(Impl{std::move(name), std::nullopt, Template(functions())});
  if (text.find("{{") == std::string_view::npos) {
    impl->plain = std::string(text);
  } else if (auto added = impl->set.add(impl->name, std::string(kPrelude) + std::string(text)); !added) {
    return fail(std::move(added).error().wrap("error parsing template " + impl->name));
  }
  out.impl_ = std::move(impl);
  return out;
}

Result<std::string> PromTemplate::expand(const PromTemplateData& data) const {
  if (impl_->plain) return *impl_->plain;
  const FuncMap overlay = data_functions(data);
  ExecOptions options;
  options.functions = &overlay;
  auto text = impl_->set.execute(impl_->name, data_value(data), options);
  if (!text) return fail(std::move(text).error().wrap("error executing template " + impl_->name));
  return text;
}

bool PromTemplate::is_plain() const {
  return impl_->plain.has_value();
}

Result<std::string> expand(std::string name, std::string_view text, const PromTemplateData& data) {
  TOCSIN_TRY(const PromTemplate parsed, PromTemplate::parse(std::move(name), text));
  return parsed.expand(data);
}

Result<void> check(std::string name, std::string_view text) {
  auto parsed = PromTemplate::parse(std::move(name), text);
  if (!parsed) return fail(std::move(parsed).error());
  return {};
}

Result<std::string> expand_bare(std::string name, std::string_view text, const Value& dot,
                                const PromTemplateData& data) {
  Template set(functions());
  if (auto added = set.add(name, text); !added)
    return fail(std::move(added).error().wrap("error parsing template " + name));
  const FuncMap overlay = data_functions(data);
  ExecOptions options;
  options.functions = &overlay;
  auto out = set.execute(name, dot, options);
  if (!out) return fail(std::move(out).error().wrap("error executing template " + name));
  return out;
}

Result<std::string> expand_bare_html(std::string name, std::string_view text, const Value& dot,
                                     const PromTemplateData& data) {
  Template set(functions());
  FuncMap overlay = data_functions(data);
  ExecOptions options;
  options.functions = &overlay;
  overlay["tmpl"] = {{&kStringType, &kAnyType}, false, [&](Args a) -> Result<Value> {
                       TOCSIN_TRY(std::string html, set.execute_html(a[0].as_string(), a[1], options));
                       return Value::text(std::move(html), kHtmlType);
                     }};
  if (auto added = set.add(name, text, options); !added)
    return fail(std::move(added).error().wrap("error parsing template " + name));
  auto out = set.execute_html(name, dot, options);
  if (!out) return fail(std::move(out).error().wrap("error executing template " + name));
  return out;
}

}  // namespace tocsin::tmpl
