#include "exporters/postgres/mapping.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "exporters/postgres/values.hpp"

namespace tocsin::exporters::postgres {

namespace {

using model::MetricType;

/// Rows with their columns found: what is looked up by name once, not for every row.
class RowsReader {
 public:
  RowsReader(const Rows& rows, const Mapping& mapping, std::string_view server, expo::Page& page)
      : rows_(rows), mapping_(mapping), page_(page) {
    for (std::size_t i = 0; i < rows.columns(); ++i) plan(i);
    if (mapping.server_label && !labels_.has("server")) labels_.views.push_back({"server", server});
  }

  Result<void> read() {
    for (std::size_t row = 0; row < rows_.rows(); ++row) {
      if (!read_labels(row)) continue;
      for (const Metric& metric : metrics_) put(metric, row);
    }
    if (!problem_.empty()) return fail(Errc::kExecution, "{}", problem_);
    return {};
  }

 private:
  struct Metric {
    std::size_t column = 0;
    Usage usage = Usage::kGauge;
    const Column* described = nullptr;  // null: a column that the mapping does not know
    expo::CachedFamily* family = nullptr;
    std::optional<std::size_t> buckets = {}, sum = {}, count = {};
  };
  struct LabelSet {
    std::vector<std::size_t> columns;
    std::vector<std::string> texts;       // values that are not the server's own text
    std::vector<model::LabelView> views;  // by column, then `server`
    bool has(std::string_view name) const {
      return std::ranges::any_of(views, [&](const model::LabelView& label) { return label.name == name; });
    }
  };

  std::optional<std::size_t> find(std::string_view name) const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      if (rows_.name(i) == name) return i;
    }
    return std::nullopt;
  }

  /// The columns that belong to a histogram are no metrics of their own.
  bool of_histogram(std::string_view name) const {
    return std::ranges::any_of(mapping_.columns, [&](const Column& column) {
      return column.usage == Usage::kHistogram && name.starts_with(column.name) &&
             (name.substr(column.name.size()) == "_bucket" || name.substr(column.name.size()) == "_sum" ||
              name.substr(column.name.size()) == "_count");
    });
  }

  void plan(std::size_t index) {
    const std::string_view name = rows_.name(index);
    const auto described = std::ranges::find(mapping_.columns, name, &Column::name);
    if (described == mapping_.columns.end()) {
      const std::string family = fmt::format("{}_{}", mapping_.prefix, name);
      if (!mapping_.unknown_columns || of_histogram(name) || !is_metric_name(family)) return;
      metrics_.push_back({.column = index,
                          .family = &page_.family(family, fmt::format("Unknown metric from {}", mapping_.prefix),
                                                  MetricType::kUnknown)});
      return;
    }
    if (described->usage == Usage::kDiscard) return;
    if (described->usage == Usage::kLabel) {
      labels_.columns.push_back(index);
      labels_.views.push_back({described->label.empty() ? described->name : described->label, {}});
      labels_.texts.emplace_back();
      return;
    }
    plan_metric(index, *described);
  }

  void plan_metric(std::size_t index, const Column& column) {
    Metric metric{.column = index, .usage = column.usage, .described = &column};
    MetricType type = MetricType::kGauge;
    std::string family = column.family.empty() ? fmt::format("{}_{}", mapping_.prefix, column.name) : column.family;
    if (column.usage == Usage::kCounter) type = MetricType::kCounter;
    if (column.usage == Usage::kDuration) family += "_milliseconds";
    if (column.usage == Usage::kHistogram) {
      type = MetricType::kHistogram;
      metric.buckets = find(column.name + "_bucket");
      metric.sum = find(column.name + "_sum");
      metric.count = find(column.name + "_count");
      for (const auto& [part, found] :
           {std::pair{"_bucket", metric.buckets}, {"_sum", metric.sum}, {"_count", metric.count}}) {
        if (!found) return complain(column.name + part, "is missing");
      }
    }
    metric.family = &page_.family(family, column.help, type);
    metrics_.push_back(std::move(metric));
  }

  /// False if the row says nothing.
  bool read_labels(std::size_t row) {
    for (std::size_t i = 0; i < labels_.columns.size(); ++i) {
      const std::size_t column = labels_.columns[i];
      const auto value = rows_.value(row, column);
      if (!value && mapping_.rows_need_labels) return false;
      if (!value) {
        labels_.views[i].value = mapping_.null_label;
      } else if (is_plain_text(rows_.type(column))) {
        labels_.views[i].value = *value;
      } else {
        labels_.texts[i] = to_label(rows_.type(column), *value);
        labels_.views[i].value = labels_.texts[i];
      }
    }
    return true;
  }

  void put(const Metric& metric, std::size_t row) {
    const auto text = rows_.value(row, metric.column);
    if (metric.usage == Usage::kHistogram) return put_histogram(metric, row, text);
    std::optional<double> value;
    if (text) {
      value = read_value(metric, *text);
      if (!value && metric.described != nullptr) complain(metric.described->name, "is not what its usage says");
    } else if (metric.usage != Usage::kMappedMetric && metric.usage != Usage::kDuration) {
      if (mapping_.null == NullValue::kNaN) value = std::nan("");
      if (mapping_.null == NullValue::kZero) value = 0;
    }
    if (value) metric.family->put(labels_.views, *value);
  }

  std::optional<double> read_value(const Metric& metric, std::string_view text) const {
    if (metric.usage == Usage::kMappedMetric) {
      const auto found = metric.described->mapping.find(text);
      return found == metric.described->mapping.end() ? std::nullopt : std::optional(found->second);
    }
    if (metric.usage == Usage::kDuration) return sql::to_milliseconds(text);
    return to_number(rows_.type(metric.column), text);
  }

  void put_histogram(const Metric& metric, std::size_t row, std::optional<std::string_view> text) {
    const auto bounds = parse_number_array(text.value_or("{}"));
    const auto counts = parse_number_array(rows_.value(row, *metric.buckets).value_or("{}"));
    const auto number = [&](std::size_t column) {
      const auto value = rows_.value(row, column);
      return value ? to_number(rows_.type(column), *value) : std::optional(0.0);
    };
    const auto sum = number(*metric.sum), count = number(*metric.count);
    if (!bounds || !counts || !sum || !count) return complain(metric.described->name, "is no histogram");
    std::vector<expo::Bucket> buckets;
    for (std::size_t i = 0; i < std::min(bounds->size(), counts->size()); ++i) {
      buckets.push_back({(*bounds)[i], (*counts)[i]});
    }
    std::ranges::sort(buckets, {}, &expo::Bucket::upper_bound);
    metric.family->put_histogram(labels_.views, buckets, *sum, *count);
  }

  /// The first complaint stands for all.
  void complain(std::string_view column, std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("column {} {}", column, what);
  }

  const Rows& rows_;
  const Mapping& mapping_;
  expo::Page& page_;
  LabelSet labels_;
  std::vector<Metric> metrics_;
  std::string problem_;
};

}  // namespace

Result<void> put_rows(const Rows& rows, const Mapping& mapping, std::string_view server, expo::Page& page) {
  return RowsReader(rows, mapping, server, page).read();
}

}  // namespace tocsin::exporters::postgres
