#include "exporters/postgres/builtin.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace tocsin::exporters::postgres {

std::string sql_literal(std::string_view text) {
  // E'' reads backslashes alike whatever standard_conforming_strings says.
  return "E'" + replace_all(replace_all(std::string(text), "\\", "\\\\"), "'", "''") + "'";
}

std::string sql_not_in(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + sql_literal(name);
  return fmt::format(" AND {} NOT IN ({})", what, list);
}

std::string sql_names(const std::vector<Column>& columns) {
  std::string names;
  for (const Column& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

std::vector<Query> builtin_queries(const Options& options, int version) {
  std::vector<Query> queries;
  add_activity_queries(queries, options, version);
  add_statistics_queries(queries, options, version);
  add_replication_queries(queries, options, version);
  add_statement_queries(queries, options, version);
  add_table_queries(queries, options, version);
  std::erase_if(queries, [&](const Query& query) {
    if (query.settings ? !options.settings_metrics : query.counted && !options.default_metrics) return true;
    return !query.collector.empty() && !options.collects(query.collector);
  });
  // The user's own query of a name stands in for a default one.
  if (options.custom) {
    std::erase_if(queries, [&](const Query& query) {
      return std::ranges::any_of(options.custom->queries, [&](const sql::CustomQuery& custom) {
        return query.counted && custom.mapping.prefix == query.mapping.prefix;
      });
    });
  }
  return queries;
}

}  // namespace tocsin::exporters::postgres
