#include "exporters/mysql/custom_queries.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin::exporters::mysql {
namespace {

using sql::Column;
using sql::Usage;

const Column* described(const sql::Mapping& mapping, std::string_view name) {
  const auto found = std::ranges::find(mapping.columns, name, &Column::name);
  return found == mapping.columns.end() ? nullptr : &*found;
}

/// Of a column that the mapping describes as a metric; nothing: the server's value is not of that kind.
std::optional<double> read_value(const Column& column, std::string_view text) {
  if (column.usage == Usage::kMappedMetric) {
    const auto found = column.mapping.find(text);
    return found == column.mapping.end() ? std::nullopt : std::optional(found->second);
  }
  if (column.usage == Usage::kDuration) return sql::to_milliseconds(text);
  return number(text);
}

/// Puts rows one by one; remembers the first thing that was wrong.
class RowPutter {
 public:
  RowPutter(const Round& round, const sql::Mapping& mapping) : round_(round), mapping_(mapping) {}

  void put(const Row& row) {
    labels_.clear();
    for (std::size_t i = 0; i < row.columns().size(); ++i) {
      const Column* const column = described(mapping_, row.columns()[i]);
      if (column != nullptr && column->usage == Usage::kLabel) labels_.push_back({column->name, row.text(i)});
    }
    for (std::size_t i = 0; i < row.columns().size(); ++i) put_value(row, i);
  }

  Result<void> result() const {
    if (wrong_.empty()) return {};
    return fail(Errc::kCorrupt, "column {} is not what its usage says", wrong_);
  }

 private:
  void put_value(const Row& row, std::size_t place) {
    const std::string& name = row.columns()[place];
    const Column* const column = described(mapping_, name);
    const auto& cell = row.cells()[place];
    if (column == nullptr) return put_unknown(name, cell);
    if (column->usage == Usage::kDiscard || column->usage == Usage::kLabel) return;
    const bool plain = column->usage == Usage::kCounter || column->usage == Usage::kGauge;
    const auto value = cell ? read_value(*column, *cell) : plain ? std::optional(std::nan("")) : std::nullopt;
    if (!value) {
      if (cell && wrong_.empty()) wrong_ = name;
      return;
    }
    round_.page
        .family(fmt::format("{}_{}{}", mapping_.prefix, name, column->usage == Usage::kDuration ? "_milliseconds" : ""),
                column->help, column->usage == Usage::kCounter ? MetricType::kCounter : MetricType::kGauge)
        .put(labels_, *value);
  }

  /// Columns that nobody described are untyped, if they are numbers.
  void put_unknown(const std::string& name, const Row::Cell& cell) {
    const auto value = cell ? number(*cell) : std::optional(std::nan(""));
    const std::string family = fmt::format("{}_{}", mapping_.prefix, name);
    if (!value || !sql::is_metric_name(family)) return;
    round_.page.family(family, fmt::format("Unknown metric from {}", mapping_.prefix), MetricType::kUnknown)
        .put(labels_, *value);
  }

  const Round& round_;
  const sql::Mapping& mapping_;
  std::vector<LabelView> labels_;
  std::string wrong_;
};

}  // namespace

Result<void> CustomCollector::check(const sql::CustomQueries& queries) {
  for (const sql::CustomQuery& query : queries.queries) {
    for (const Column& column : query.mapping.columns) {
      if (column.usage != Usage::kHistogram) continue;
      return fail(Errc::kUnsupported, "{}: column {}: MySQL has no arrays for a HISTOGRAM", query.where, column.name);
    }
  }
  return {};
}

Result<void> CustomCollector::collect(const sql::CustomQuery& query, const Round& round, MonoTime now) {
  if (!query.versions.contains({round.server.major, round.server.minor, round.server.patch})) return {};
  RowPutter putter(round, query.mapping);
  Answer& kept = kept_[&query];
  const bool keeps = query.cache_time > Duration::zero();
  if (keeps && kept.time && now - *kept.time < query.cache_time) {
    for (const auto& row : kept.rows) {
      const std::vector<Row::Cell> cells(row.begin(), row.end());
      putter.put(Row(kept.columns, cells));
    }
    return putter.result();
  }
  kept = {.time = now, .columns = {}, .rows = {}};
  const auto asked = round.query(query.sql, [&](const Row& row) -> Result<void> {
    putter.put(row);
    if (keeps) {
      if (kept.columns.empty()) kept.columns.assign(row.columns().begin(), row.columns().end());
      kept.rows.emplace_back(row.cells().begin(), row.cells().end());
    }
    return {};
  });
  if (!asked) {
    kept = {};
    return asked;
  }
  return putter.result();
}

}  // namespace tocsin::exporters::mysql
