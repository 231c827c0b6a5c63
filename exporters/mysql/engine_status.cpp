// SHOW ENGINE ... STATUS. Source: mysqld_exporter collector/engine_innodb.go, engine_tokudb.go.

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// The number that stands right before `what` in the line; nothing if that does not stand there.
std::optional<double> count_before(std::string_view line, std::string_view what) {
  const std::size_t end = line.find(what);
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  std::size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  return number(line.substr(begin, end - begin));
}

/// "2 queries inside InnoDB, 0 queries in queue", "0 read views open inside InnoDB"
void read_line(const Round& round, std::string_view line) {
  const auto inside = count_before(line, " queries inside InnoDB, ");
  const auto queued = count_before(line, " queries in queue");
  if (inside && queued) {
    round.put("mysql_engine_innodb_queries_inside_innodb", "Queries inside InnoDB.", MetricType::kGauge, {}, *inside);
    round.put("mysql_engine_innodb_queries_in_queue", "Queries in queue.", MetricType::kGauge, {}, *queued);
  } else if (const auto views = count_before(line, " read views open inside InnoDB")) {
    round.put("mysql_engine_innodb_read_views_open_inside_innodb", "Read views open inside InnoDB.", MetricType::kGauge,
              {}, *views);
  }
}

std::string tokudb_name(std::string_view text) {
  std::string out;
  for (const char c : to_lower(text)) {
    if (std::string_view(">,:()").find(c) != std::string_view::npos) continue;
    if (c == ' ' || c == '-') {
      out += '_';
    } else if (c == '+' || c == '/') {
      out += "and";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<void> collect_engine_innodb_status(const Round& round) {
  bool first = true;
  return round.query("SHOW ENGINE INNODB STATUS", [&](const Row& row) -> Result<void> {
    if (!std::exchange(first, false)) return {};
    for (const std::string_view line : split(row.text(2), '\n')) read_line(round, line);
    return {};
  });
}

Result<void> collect_engine_tokudb_status(const Round& round) {
  return round.query("SHOW ENGINE TOKUDB STATUS", [&](const Row& row) -> Result<void> {
    if (const auto value = status_value(row.text(2))) {
      round.put(fmt::format("mysql_engine_tokudb_{}", tokudb_name(row.text(1))),
                "Generic metric from SHOW ENGINE TOKUDB STATUS.", MetricType::kUnknown, {}, *value);
    }
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
