#include "scrape/label_rules.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "model/metadata_labels.hpp"

namespace tocsin::scrape {
namespace {

constexpr std::string_view kExportedPrefix = "exported_";

/// The target's labels win; what they displace moves to the first free name.
model::Labels join_conflicting(const std::vector<model::LabelView>& row, const model::Labels& target,
                               std::vector<model::LabelView> displaced) {
  model::LabelsBuilder builder;
  for (const auto& label : row) builder.set(label.name, label.value);
  for (const auto& label : target) builder.set(label.name, label.value);
  // Shorter names first, so that `x` takes exported_x before a displaced `exported_x` looks for a place.
  std::sort(displaced.begin(), displaced.end(), [](const auto& a, const auto& b) {
    return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
  });
  for (const auto& label : displaced) {
    std::string name(label.name);
    do name.insert(0, kExportedPrefix);
    while (!builder.get(name).empty());
    builder.set(name, label.value);
  }
  return builder.build();
}

Result<void> check_names(const model::Labels& labels, bool legacy) {
  const auto invalid = [&labels] {
    return fail(Errc::kInvalid, "invalid metric name or label names: {}", labels.to_string());
  };
  if (!labels.has(model::kMetricName)) return fail(Errc::kInvalid, "missing metric name (__name__ label)");
  for (const auto& label : labels) {
    const bool is_name = label.name == model::kMetricName;
    if (!(legacy ? model::is_legacy_label_name(label.name) : model::is_valid_name(label.name))) return invalid();
    if (!is_valid_utf8(label.value)) return invalid();
    if (legacy && is_name && !model::is_legacy_metric_name(label.value)) return invalid();
  }
  return {};
}

}  // namespace

model::Labels join_labels(const std::vector<model::LabelView>& row, const model::Labels& target, bool honor_labels) {
  std::vector<model::LabelView> joined;
  std::vector<model::LabelView> displaced;
  joined.reserve(row.size() + 8);
  auto shown = row.begin();
  for (const auto& label : target) {
    for (; shown != row.end() && shown->name < label.name; ++shown) joined.push_back(*shown);
    if (shown == row.end() || shown->name != label.name) {
      joined.push_back(label);
      continue;
    }
    if (!honor_labels && !shown->value.empty()) displaced.push_back(*shown);
    // With honor_labels an empty label on the page keeps the target's away, and is none itself.
    joined.push_back(honor_labels ? *shown : label);
    ++shown;
  }
  joined.insert(joined.end(), shown, row.end());
  return displaced.empty() ? model::Labels::from(std::move(joined)) : join_conflicting(row, target, displaced);
}

void set_type_and_unit(std::vector<model::LabelView>& row, model::MetricType type, std::string_view unit) {
  const auto set = [&row](std::string_view name, std::string_view value) {
    const auto place = std::ranges::lower_bound(row, name, {}, &model::LabelView::name);
    if (place != row.end() && place->name == name) {
      place->value = value;
    } else {
      row.insert(place, {name, value});
    }
  };
  if (type != model::MetricType::kUnknown) set(model::kMetricType, model::metric_type_text(type));
  if (!unit.empty()) set(model::kMetricUnit, unit);
}

Result<std::optional<model::Labels>> stored_labels(const std::vector<model::LabelView>& row,
                                                   const model::Labels& target, const config::ScrapeConfig& config) {
  std::optional<model::Labels> labels = join_labels(row, target, config.honor_labels);
  if (!config.metric_relabel_configs.empty()) labels = config::relabel(*labels, config.metric_relabel_configs);
  if (!labels || labels->empty()) return std::nullopt;
  TOCSIN_OK(check_names(*labels, config.metric_name_validation_scheme == "legacy"));
  TOCSIN_OK(check_label_limits(*labels, config));
  return labels;
}

Result<void> check_label_limits(const model::Labels& labels, const config::ScrapeConfig& config) {
  const std::string_view metric = labels.metric_name().substr(0, 50);
  if (config.label_limit > 0) {
    if (const std::size_t count = labels.size(); count > config.label_limit) {
      return fail(Errc::kLimit, "label_limit exceeded (metric: {}, number of labels: {}, limit: {})", metric, count,
                  config.label_limit);
    }
  }
  if (config.label_name_length_limit == 0 && config.label_value_length_limit == 0) return {};
  for (const auto& label : labels) {
    const std::string_view name = label.name.substr(0, 50);
    if (config.label_name_length_limit > 0 && label.name.size() > config.label_name_length_limit) {
      return fail(Errc::kLimit, "label_name_length_limit exceeded (metric: {}, label name: {}, length: {}, limit: {})",
                  metric, name, label.name.size(), config.label_name_length_limit);
    }
    if (config.label_value_length_limit > 0 && label.value.size() > config.label_value_length_limit) {
      return fail(Errc::kLimit,
                  "label_value_length_limit exceeded (metric: {}, label name: {}, value: {}, length: {}, limit: {})",
                  metric, name, go_quote(label.value.substr(0, 50)), label.value.size(),
                  config.label_value_length_limit);
    }
  }
  return {};
}

bool same_label_rules(const config::ScrapeConfig& a, const config::ScrapeConfig& b) {
  return a.honor_labels == b.honor_labels && a.label_limit == b.label_limit &&
         a.label_name_length_limit == b.label_name_length_limit &&
         a.label_value_length_limit == b.label_value_length_limit &&
         a.metric_name_validation_scheme == b.metric_name_validation_scheme &&
         a.metric_relabel_configs == b.metric_relabel_configs;
}

}  // namespace tocsin::scrape
