#include <algorithm>
#include <map>
#include <set>

#include "expo/openmetrics_family.hpp"
#include "expo/openmetrics_parser.hpp"
#include "expo/text_families.hpp"

namespace tocsin::expo {
namespace {

using model::MetricType;

class FamilyCollector {
 public:
  std::expected<std::vector<TextFamily>, std::string> read(std::string_view page) {
    OpenMetricsParser parser(page);
    Row row;
    while (parser.next(row) != RowKind::kEnd) {
      if (row.kind == RowKind::kError) return std::unexpected(describe(page, parser.error()));
      if (row.kind == RowKind::kSeries) {
        add_series(parser, row);
        continue;
      }
      TextFamily& family = of(std::string(row.name));
      if (row.kind == RowKind::kHelp) family.help = unescape_name(row.text);
      if (row.kind == RowKind::kType) family.type = row.type;
    }
    std::vector<TextFamily> out;
    for (auto& family : families_) {
      if (family->metrics.empty()) continue;
      out.push_back(std::move(*family));
      rename(out.back());
    }
    return out;
  }

 private:
  TextFamily& of(const std::string& name) {
    auto& family = by_name_[name];
    if (family == nullptr) {
      families_.push_back(std::make_unique<TextFamily>());
      family = families_.back().get();
      family->name = name;
    }
    return *family;
  }

  /// The family whose type has the rest of the name as a suffix; else the sample is its own.
  TextFamily& family_of_sample(const std::string& name, std::string& suffix) {
    for (std::size_t end = name.size(); end != std::string::npos; end = name.rfind('_', end - 1)) {
      const auto known = by_name_.find(name.substr(0, end));
      if (known != by_name_.end()) {
        suffix = name.substr(end);
        const auto suffixes = sample_suffixes(known->second->type.value_or(MetricType::kUnknown));
        if (std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end()) return *known->second;
      }
      if (end == 0) break;
    }
    suffix.clear();
    return of(name);
  }

  void add_series(OpenMetricsParser& parser, const Row& row) {
    parser.labels(row, labels_);
    const auto name =
        std::find_if(labels_.begin(), labels_.end(), [](const auto& l) { return l.name == model::kMetricName; });
    std::string suffix;
    TextFamily& family = family_of_sample(std::string(name->value), suffix);
    if (!family.type) family.type = MetricType::kUnknown;
    if (suffix == "_created") return;
    const bool buckets = family.type == MetricType::kHistogram || family.type == MetricType::kGaugeHistogram;
    FamilyMetric metric;
    for (const auto& label : labels_) {
      if (label.name == model::kMetricName || (buckets && label.name == "le") ||
          (family.type == MetricType::kSummary && label.name == "quantile")) {
        continue;
      }
      metric.labels.emplace_back(label.name, label.value);
    }
    const bool many_rows = buckets || family.type == MetricType::kSummary;
    if (many_rows && !seen_.emplace(family.name, metric.labels).second) return;
    family.metrics.push_back(std::make_shared<FamilyMetric>(std::move(metric)));
  }

  static void rename(TextFamily& family) {
    if (family.type == MetricType::kCounter) family.name += "_total";
    if (family.type == MetricType::kInfo) family.name += "_info";
    if (family.type == MetricType::kInfo || family.type == MetricType::kStateset) family.type = MetricType::kGauge;
  }

  std::vector<std::unique_ptr<TextFamily>> families_;
  std::map<std::string, TextFamily*> by_name_;
  std::set<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> seen_;
  std::vector<model::LabelView> labels_;
};

}  // namespace

std::expected<std::vector<TextFamily>, std::string> read_openmetrics_families(std::string_view page) {
  return FamilyCollector().read(page);
}

}  // namespace tocsin::expo
