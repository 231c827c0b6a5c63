#include "exporters/mysql/table.hpp"

#include <cmath>
#include <vector>

#include "base/strings.hpp"

namespace tocsin::exporters::mysql {
namespace {

double scaled(double value, double scale) {
  if (scale == 1) return value;
  return scale < 1 ? value / std::round(1 / scale) : value * scale;
}

/// Where the columns of an answer stand, and the families they go to; found with its first row.
struct Places {
  std::vector<std::optional<std::size_t>> labels, values;
  std::vector<expo::CachedFamily*> families;

  Places(const Round& round, const Row& row, std::span<const LabelColumn> label_columns,
         std::span<const ValueColumn> value_columns) {
    for (const LabelColumn& label : label_columns) labels.push_back(find_column(row.columns(), label.column));
    for (const ValueColumn& value : value_columns) {
      values.push_back(find_column(row.columns(), value.column));
      families.push_back(&round.page.family(value.name, value.help, value.type));
    }
  }
};

}  // namespace

Result<void> collect_table(const Round& round, std::string_view sql, std::span<const LabelColumn> labels,
                           std::span<const ValueColumn> values, const LabelEdit& edit) {
  std::optional<Places> places;
  std::vector<std::string> texts(labels.size());
  std::vector<LabelView> views;
  Result<void> result;
  TOCSIN_OK(round.query(sql, [&](const Row& row) -> Result<void> {
    if (!places) places.emplace(round, row, labels, values);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      texts[i] = places->labels[i] ? row.text(*places->labels[i]) : std::string_view{};
      if (edit) edit(i, texts[i]);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!places->values[i] || !row.cells()[*places->values[i]]) continue;
      const std::string_view text = row.text(*places->values[i]);
      const auto value = number(text);
      if (!value) {
        if (result) result = fail(Errc::kCorrupt, "column {} is no number: {}", values[i].column, go_quote(text));
        continue;
      }
      views.clear();
      for (std::size_t j = 0; j < labels.size(); ++j) views.push_back({labels[j].label, texts[j]});
      if (!values[i].extra.name.empty()) views.push_back(values[i].extra);
      places->families[i]->put(views, scaled(*value, values[i].scale));
    }
    return {};
  }));
  return result;
}

}  // namespace tocsin::exporters::mysql
