// Sizes of tables and table spaces. Source: mysqld_exporter collector/info_schema_tables.go and
// info_schema_innodb_sys_tablespaces.go.

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

Result<std::vector<std::string>> databases(const Round& round) {
  std::vector<std::string> names;
  if (round.options.tables_databases != "*") {
    for (const std::string_view name : split(round.options.tables_databases, ',')) names.emplace_back(name);
    return names;
  }
  TOCSIN_OK(
      round.query("SELECT SCHEMA_NAME FROM information_schema.schemata WHERE SCHEMA_NAME NOT IN "
                  "('mysql', 'performance_schema', 'information_schema', 'sys')",
                  [&](const Row& row) -> Result<void> {
                    names.emplace_back(row.text(0));
                    return {};
                  }));
  return names;
}

Result<void> read_table(const Round& round, const Row& row) {
  const LabelView schema{"schema", row.text(0)}, table{"table", row.text(1)};
  round.put("mysql_info_schema_table_version", "The version number of the table's .frm file", MetricType::kGauge,
            {schema,
             table,
             {"type", row.text(2)},
             {"engine", row.text(3)},
             {"row_format", row.text(5)},
             {"create_options", row.text(10)}},
            number(row.text(4)).value_or(0));
  round.put("mysql_info_schema_table_rows", "The estimated number of rows in the table from information_schema.tables",
            MetricType::kGauge, {schema, table}, number(row.text(6)).value_or(0));
  constexpr std::string_view kComponents[] = {"data_length", "index_length", "data_free"};
  for (std::size_t i = 0; i < std::size(kComponents); ++i) {
    round.put("mysql_info_schema_table_size", "The size of the table components from information_schema.tables",
              MetricType::kGauge, {schema, table, {"component", kComponents[i]}}, number(row.text(7 + i)).value_or(0));
  }
  return {};
}

}  // namespace

Result<void> collect_tables(const Round& round) {
  TOCSIN_TRY(const std::vector<std::string> names, databases(round));
  for (const std::string& name : names) {  // one by one, so that the server opens the tables of one folder at a time
    const std::string sql = fmt::format(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ifnull(ENGINE, 'NONE'), ifnull(VERSION, '0'), "
        "ifnull(ROW_FORMAT, 'NONE'), ifnull(TABLE_ROWS, '0'), ifnull(DATA_LENGTH, '0'), ifnull(INDEX_LENGTH, '0'), "
        "ifnull(DATA_FREE, '0'), ifnull(CREATE_OPTIONS, 'NONE') FROM information_schema.tables WHERE TABLE_SCHEMA = {}",
        quote(name));
    TOCSIN_OK(round.query(sql, [&](const Row& row) { return read_table(round, row); }));
  }
  return {};
}

Result<void> collect_innodb_tablespaces(const Round& round) {
  const std::string_view table = round.server.is_mysql(8, 0) ? "INNODB_TABLESPACES" : "INNODB_SYS_TABLESPACES";
  return round.query(fmt::format("SELECT * FROM information_schema.{}", table), [&](const Row& row) -> Result<void> {
    const std::string_view name = row.text("NAME"), format = row.text("ROW_FORMAT"), type = row.text("SPACE_TYPE");
    const bool has_type = find_column(row.columns(), "SPACE_TYPE").has_value();
    // The peer tells whether there is such a column, not what it says.
    const std::string_view file_format = find_column(row.columns(), "FILE_FORMAT") ? "FILE_FORMAT" : "NONE";
    round.put("mysql_info_schema_innodb_tablespace_space_info", "The Tablespace information and Space ID.",
              MetricType::kGauge,
              {{"tablespace_name", name},
               {"file_format", file_format},
               {"row_format", format.empty() ? "NONE" : format},
               {"space_type", has_type && type.empty() ? "NONE" : type}},
              number(row.text("SPACE")).value_or(0));
    if (const auto bytes = number(row.text("FILE_SIZE"))) {
      round.put("mysql_info_schema_innodb_tablespace_file_size_bytes",
                "The apparent size of the file, which represents the maximum size of the file, uncompressed.",
                MetricType::kGauge, {{"tablespace_name", name}}, *bytes);
    }
    if (const auto bytes = number(row.text("ALLOCATED_SIZE"))) {
      round.put("mysql_info_schema_innodb_tablespace_allocated_size_bytes",
                "The actual size of the file, which is the amount of space allocated on disk.", MetricType::kGauge,
                {{"tablespace_name", name}}, *bytes);
    }
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
