// Metadata of series: the page is read a second time, for the few pages that bring new metadata or new series.

#include <algorithm>
#include <unordered_set>

#include "scrape/family.hpp"
#include "scrape/page_reader.hpp"

namespace tocsin::scrape {

void PageReader::tell_metadata(std::string_view page, expo::PageFormat format,
                               const std::vector<MetricMetadata>& metadata, bool all) {
  if (page.empty() || (!all && fresh_refs_.empty())) return;
  const std::unordered_set<storage::SeriesRef> fresh(fresh_refs_.begin(), fresh_refs_.end());
  const std::vector<storage::SeriesRef>& refs = changed_ ? next_.refs : cache_.refs;  // in order of the rows
  const auto parser = expo::make_parser(format, page, rules_.histograms);
  type_ = model::MetricType::kUnknown;
  unit_ = unit_family_ = {};
  const MetricMetadata* family = nullptr;  // of the rows at hand
  expo::Row row;
  for (std::size_t i = 0; parser->next(row) != expo::RowKind::kEnd && row.kind != expo::RowKind::kError;) {
    if (row.kind == expo::RowKind::kComment) continue;
    if (row.kind != expo::RowKind::kSeries && row.kind != expo::RowKind::kHistogram) {
      if (rules_.type_and_unit_labels) see_type_and_unit(row);
      const auto found = std::ranges::lower_bound(metadata, row.name, {}, &MetricMetadata::name);
      family = found != metadata.end() && found->name == row.name ? &*found : nullptr;
      continue;
    }
    const storage::SeriesRef ref = i < refs.size() ? refs[i] : 0;
    ++i;
    if (ref == 0 || family == nullptr || (!all && !fresh.contains(ref))) continue;
    const auto labels = labels_of(*parser, row);
    if (!labels || !*labels) continue;
    if (is_series_of_family((*labels)->metric_name(), family->name, family->type)) {
      appender_.set_metadata(ref, {family->type, family->unit, family->help});
    } else {
      family = nullptr;  // what follows belongs to nobody knows what, as in Prometheus
    }
  }
}

}  // namespace tocsin::scrape
