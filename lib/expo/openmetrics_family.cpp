#include "expo/openmetrics_family.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::expo {
namespace {

using model::MetricType;

template <typename... Args>
LineError wrong(std::size_t column, fmt::format_string<Args...> format, Args&&... args) {
  return {column, fmt::format(format, std::forward<Args>(args)...)};
}

const std::string* find_label(const StrictLabels& labels, std::string_view name) {
  const auto found = std::find_if(labels.begin(), labels.end(), [name](const auto& l) { return l.first == name; });
  return found == labels.end() ? nullptr : &found->second;
}

std::optional<MetricType> type_of(std::string_view word) {
  using enum MetricType;
  for (const auto type : {kUnknown, kCounter, kGauge, kHistogram, kGaugeHistogram, kSummary, kInfo, kStateset}) {
    if (word == model::metric_type_text(type)) return type;
  }
  return std::nullopt;
}

bool is_histogram(MetricType type) {
  return type == MetricType::kHistogram || type == MetricType::kGaugeHistogram;
}

/// The section of the specification that speaks of a type.
std::string_view section(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "Counter";
    case MetricType::kGauge:
      return "Gauge";
    case MetricType::kHistogram:
      return "Histogram";
    case MetricType::kGaugeHistogram:
      return "GaugeHistogram";
    case MetricType::kSummary:
      return "Summary";
    case MetricType::kInfo:
      return "Info";
    case MetricType::kStateset:
      return "StateSet";
    case MetricType::kUnknown:
      break;
  }
  return "Unknown";
}

/// The threshold of a bucket: a number, or the one spelling of infinity that there is.
bool read_bound(std::string_view text, double& bound) {
  if (text != "+Inf" && !is_real_number(text)) return false;
  return parse_float(text, bound) && (text == "+Inf" || std::isfinite(bound));
}

bool is_whole(double value) {
  return std::isfinite(value) && value == std::trunc(value);
}

}  // namespace

std::vector<std::string_view> sample_suffixes(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return {"_total", "_created"};
    case MetricType::kSummary:
      return {"", "_count", "_sum", "_created"};
    case MetricType::kHistogram:
      return {"_bucket", "_count", "_sum", "_created"};
    case MetricType::kGaugeHistogram:
      return {"_bucket", "_gcount", "_gsum"};
    case MetricType::kInfo:
      return {"_info"};
    default:
      return {""};
  }
}

bool StrictFamily::owns(std::string_view sample_name) const {
  if (!sample_name.starts_with(name_)) return false;
  const auto suffixes = sample_suffixes(type());
  return std::find(suffixes.begin(), suffixes.end(), sample_name.substr(name_.size())) != suffixes.end();
}

std::optional<LineError> StrictFamily::add(const StrictMetadata& metadata) {
  if (sampled_) return wrong(1, "MetricFamily metadata: {} of {} comes after samples of it", metadata.keyword, name_);
  const auto twice = [&] { return wrong(1, "MetricFamily metadata: a second {} of {}", metadata.keyword, name_); };
  if (metadata.keyword == "HELP") {
    if (helped_) return twice();
    helped_ = true;
    return std::nullopt;
  }
  if (metadata.keyword == "TYPE") {
    if (type_) return twice();
    type_ = type_of(metadata.text);
    if (!type_) return wrong(metadata.text_column, "Type: there is no type {}", go_quote(metadata.text));
  } else {
    if (unit_) return twice();
    unit_ = std::string(metadata.text);
    if (!unit_->empty() && !name_.ends_with("_" + *unit_)) {
      return wrong(metadata.text_column, "Unit: the name {} does not end with _{}", name_, *unit_);
    }
  }
  const bool unitless = type() == MetricType::kInfo || type() == MetricType::kStateset;
  if (unitless && unit_ && !unit_->empty()) {
    return wrong(metadata.text_column, "{}: a family of this type has no unit", section(type()));
  }
  return std::nullopt;
}

std::optional<LineError> StrictFamily::add(const StrictSample& sample) {
  sampled_ = true;
  const std::string_view suffix = sample.name.substr(name_.size());
  if (auto error = check_labels(sample, suffix)) return error;
  if (auto error = check_value(sample, suffix)) return error;
  if (auto error = check_exemplar(sample, suffix)) return error;
  if (auto error = place(sample, suffix)) return error;
  return take(sample, suffix);
}

std::optional<LineError> StrictFamily::check_labels(const StrictSample& sample, std::string_view suffix) const {
  const auto label_column = sample.name.size() + 1;
  if (type() == MetricType::kStateset && find_label(sample.labels, name_) == nullptr) {
    return wrong(label_column, "StateSet: the sample has no label {} with the name of its state", name_);
  }
  if (is_histogram(type())) {
    const std::string* le = find_label(sample.labels, "le");
    double bound = 0;
    if (suffix == "_bucket" && le == nullptr) return wrong(label_column, "{}: a bucket has no le", section(type()));
    if (suffix == "_bucket" && !read_bound(*le, bound)) {
      return wrong(label_column, "{}: le is neither a number nor +Inf: {}", section(type()), go_quote(*le));
    }
    if (suffix != "_bucket" && le != nullptr) {
      return wrong(label_column, "{}: only buckets have a label le", section(type()));
    }
  }
  if (type() == MetricType::kSummary) {
    const std::string* quantile = find_label(sample.labels, "quantile");
    double value = 0;
    if (suffix.empty() && quantile == nullptr) {
      return wrong(label_column, "Summary: a sample without a suffix has no quantile");
    }
    if (suffix.empty() &&
        (!is_real_number(*quantile) || !parse_float(*quantile, value) || !(value >= 0 && value <= 1))) {
      return wrong(label_column, "Summary: a quantile is a number between 0 and 1, not {}", go_quote(*quantile));
    }
    if (!suffix.empty() && quantile != nullptr) {
      return wrong(label_column, "Summary: only quantiles have a label quantile");
    }
  }
  return std::nullopt;
}

std::optional<LineError> StrictFamily::check_value(const StrictSample& sample, std::string_view suffix) const {
  const double value = sample.value;
  const auto refuse = [&](std::string_view what) {
    return wrong(sample.value_column, "{}: {}", section(type()), what);
  };
  if (suffix == "_created") {
    if (!std::isfinite(value)) return refuse("the created time must be finite");
    return std::nullopt;
  }
  if (type() == MetricType::kStateset && value != 0 && value != 1) return refuse("the value must be 0 or 1");
  if (type() == MetricType::kInfo && value != 1) return refuse("the value must be 1");
  if (type() == MetricType::kSummary && suffix.empty()) {
    if (value < 0) return refuse("the value of a quantile must not be negative");
    return std::nullopt;
  }
  if (suffix.empty() || type() == MetricType::kInfo) return std::nullopt;
  // Totals, sums, counts and buckets.
  if (std::isnan(value)) return refuse(fmt::format("{} must not be NaN", suffix.substr(1)));
  if (value < 0 && suffix != "_gsum") return refuse(fmt::format("{} must not be negative", suffix.substr(1)));
  const bool counts = suffix == "_count" || suffix == "_gcount" || suffix == "_bucket";
  if (counts && !is_whole(value)) return refuse(fmt::format("{} must be an integer", suffix.substr(1)));
  return std::nullopt;
}

std::optional<LineError> StrictFamily::check_exemplar(const StrictSample& sample, std::string_view suffix) const {
  if (!sample.exemplar) return std::nullopt;
  const bool bucket = is_histogram(type()) && suffix == "_bucket";
  if (!bucket && suffix != "_total") {
    return wrong(sample.exemplar->column, "Exemplars: only totals of counters and buckets have exemplars");
  }
  double bound = 0;
  if (bucket && read_bound(*find_label(sample.labels, "le"), bound) && !(sample.exemplar->value <= bound)) {
    return wrong(sample.exemplar->column, "{}: the exemplar's value {} is not within the bucket", section(type()),
                 format_float_api(sample.exemplar->value));
  }
  return std::nullopt;
}

std::string StrictFamily::identity(const StrictSample& sample, std::string_view suffix) const {
  StrictLabels labels;
  for (const auto& label : sample.labels) {
    const bool own = (is_histogram(type()) && label.first == "le") ||
                     (type() == MetricType::kSummary && suffix.empty() && label.first == "quantile") ||
                     (type() == MetricType::kStateset && label.first == name_);
    if (!own && !label.second.empty()) labels.push_back(label);
  }
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) out += fmt::format("{}={};", name, go_quote(value));
  return out;
}

/// Finds the metric and the point that the sample belongs to, and ends those that it does not.
std::optional<LineError> StrictFamily::place(const StrictSample& sample, std::string_view suffix) {
  std::string metric = identity(sample, suffix);
  StrictLabels labels = sample.labels;
  std::sort(labels.begin(), labels.end());
  std::string series(sample.name);
  for (const auto& [name, value] : labels) {
    if (!value.empty() || name == name_) series += fmt::format(",{}={}", name, go_quote(value));
  }
  const auto known = metrics_.find(metric);
  if (known != metrics_.end()) {
    const std::optional<double> last = known->second;
    // Which labels of an info are its metric's cannot be told, so its metrics may seem to be mixed.
    const bool later = last && sample.timestamp && *sample.timestamp > *last;
    if (metric != metric_ && !(type() == MetricType::kInfo && later)) {
      return wrong(1, "Metric: the samples of {}{{{}}} are interleaved with those of other metrics", name_, metric);
    }
    if (last.has_value() != sample.timestamp.has_value()) {
      return wrong(sample.value_column, "Metric: some samples of a metric have timestamps, others have none");
    }
    if (last && *sample.timestamp < *last) {
      return wrong(sample.value_column, "Metric: the timestamps of a metric go back");
    }
    if (!last && point_.series.contains(series)) {
      return wrong(1, "Metric: the same sample twice, without timestamps: {}", series);
    }
    const bool new_point = metric != metric_ || (last && *sample.timestamp != *last) || point_.series.contains(series);
    if (new_point) {
      if (auto error = end_point()) return error;
    }
  } else if (auto error = end_point()) {
    return error;
  }
  metrics_[metric] = sample.timestamp;
  metric_ = std::move(metric);
  point_.open = true;
  point_.series.insert(std::move(series));
  return std::nullopt;
}

std::optional<LineError> StrictFamily::take(const StrictSample& sample, std::string_view suffix) {
  if (suffix == "_bucket" && is_histogram(type())) return take_bucket(sample);
  if (suffix == "_total") point_.total = true;
  if (suffix == "_count" || suffix == "_gcount") point_.count = sample.value;
  if (suffix == "_sum" || suffix == "_gsum") {
    point_.sum = true;
    point_.negative_sum = sample.value < 0;
  }
  return std::nullopt;
}

std::optional<LineError> StrictFamily::take_bucket(const StrictSample& sample) {
  double bound = 0;
  read_bound(*find_label(sample.labels, "le"), bound);
  if (point_.bucket && bound <= point_.last_bound) {
    return wrong(sample.name.size() + 1, "{}: buckets must be in increasing order of le", section(type()));
  }
  if (sample.value < point_.last_value) {
    return wrong(sample.value_column, "{}: buckets must be cumulative", section(type()));
  }
  point_.bucket = true;
  point_.last_bound = bound;
  point_.last_value = sample.value;
  point_.negative_bucket = point_.negative_bucket || bound < 0;
  point_.infinite = std::isinf(bound);
  return std::nullopt;
}

std::optional<LineError> StrictFamily::end_point() {
  const bool open = std::exchange(point_.open, false);
  std::optional<LineError> error;
  if (open && type() == MetricType::kCounter && !point_.total) {
    error = wrong(1, "Counter: {} has no total", name_);
  } else if (open && is_histogram(type())) {
    error = end_histogram();
  }
  point_ = {};
  return error;
}

std::optional<LineError> StrictFamily::end_histogram() const {
  const std::string_view what = section(type());
  if (!point_.infinite) return wrong(1, "{}: {} has no +Inf bucket", what, name_);
  if (point_.count && *point_.count != point_.last_value) {
    return wrong(1, "{}: the count of {} is not the value of its +Inf bucket", what, name_);
  }
  if (point_.sum != point_.count.has_value()) {
    return wrong(1, "{}: {} must have both sum and count, or neither", what, name_);
  }
  if (type() == MetricType::kHistogram && point_.negative_bucket && point_.sum) {
    return wrong(1, "{}: {} has negative buckets, so it must not have a sum", what, name_);
  }
  if (!point_.negative_bucket && point_.negative_sum) {
    return wrong(1, "{}: {} has no negative buckets, so its sum must not be negative", what, name_);
  }
  return std::nullopt;
}

std::optional<LineError> StrictFamily::end() {
  return end_point();
}

}  // namespace tocsin::expo
