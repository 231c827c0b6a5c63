#pragma once
// From the labels that a page shows to those that are stored: the target's labels, metric relabelling, limits.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/prometheus_config.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::scrape {

/// Joins the labels of a row with those of its target. With honor_labels the row's win; else the target's, and the
/// row's are kept as exported_<name>. Source: Prometheus scrape/scrape.go, mutateSampleLabels.
/// @param row  sorted by name, names unique, empty values allowed.
model::Labels join_labels(const std::vector<model::LabelView>& row, const model::Labels& target, bool honor_labels);

/// Puts __type__ and __unit__ among the labels of a row, in their places, unless the type is unknown or the unit is
/// empty: then labels of these names that the page shows stay. Source: Prometheus schema/labels.go, Metadata.
void set_type_and_unit(std::vector<model::LabelView>& row, model::MetricType type, std::string_view unit);

/// join_labels(), relabelling, and the checks of what may be stored.
/// @return nothing if the series is to be dropped; an error fails the whole scrape, in Prometheus' words.
Result<std::optional<model::Labels>> stored_labels(const std::vector<model::LabelView>& row,
                                                   const model::Labels& target, const config::ScrapeConfig& config);

/// label_limit, label_name_length_limit, label_value_length_limit.
Result<void> check_label_limits(const model::Labels& labels, const config::ScrapeConfig& config);

/// True if both make the same series of the same page, so that a series cache made with one serves the other.
bool same_label_rules(const config::ScrapeConfig& a, const config::ScrapeConfig& b);

/// Longest series text that is read, in bytes: far beyond any real one.
inline constexpr std::size_t kMaxSeriesBytes = 1U << 20U;

}  // namespace tocsin::scrape
