// Histograms of the time that statements took, of Percona Server and of MariaDB's plugin.
// Source: mysqld_exporter collector/info_schema_query_response_time.go.

#include <vector>

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

struct Histogram {
  std::string_view table, family, help;
};
constexpr Histogram kHistograms[] = {
    {"QUERY_RESPONSE_TIME", "mysql_info_schema_query_response_time_seconds",
     "The number of all queries by duration they took to execute."},
    {"QUERY_RESPONSE_TIME_READ", "mysql_info_schema_read_query_response_time_seconds",
     "The number of read queries by duration they took to execute."},
    {"QUERY_RESPONSE_TIME_WRITE", "mysql_info_schema_write_query_response_time_seconds",
     "The number of write queries by duration they took to execute."},
};

Result<void> collect_histogram(const Round& round, const Histogram& histogram) {
  std::vector<expo::Bucket> buckets;
  double count = 0, sum = 0;
  // The server tells the tables apart by names in capitals only.
  TOCSIN_OK(round.query(fmt::format("SELECT TIME, COUNT, TOTAL FROM INFORMATION_SCHEMA.{}", histogram.table),
                        [&](const Row& row) -> Result<void> {
                          count += number(row.text(1)).value_or(0);
                          sum += number(trim(row.text(2))).value_or(0);
                          const double bound = number(trim(row.text(0))).value_or(0);
                          if (bound != 0) buckets.push_back({bound, count});  // "TOO LONG" counts only
                          return {};
                        }));
  round.page.family(histogram.family, histogram.help, MetricType::kHistogram).put_histogram({}, buckets, sum, count);
  return {};
}

}  // namespace

Result<void> collect_query_response_time(const Round& round) {
  const auto on = round.value("SELECT @@query_response_time_stats");
  if (!on && round.connection.refused() != 0) return {};  // most servers do not have it
  if (!on) return fail(on.error());
  if (!*on || **on == "0") return {};
  TOCSIN_OK(collect_histogram(round, kHistograms[0]));
  for (const Histogram& histogram : {kHistograms[1], kHistograms[2]}) {
    if (auto result = collect_histogram(round, histogram); !result && round.connection.refused() == 0) return result;
  }
  return {};
}

}  // namespace tocsin::exporters::mysql
