#pragma once
// The user's own queries, in postgres_exporter's form.

#include <map>
#include <memory>

#include "exporters/mysql/collectors.hpp"
#include "exporters/sql/custom_queries.hpp"

namespace tocsin::exporters::mysql {

/// One server's custom queries, with the answers that are shown again for cache_seconds. Thread: one.
class CustomCollector {
 public:
  explicit CustomCollector(std::shared_ptr<const sql::CustomQueries> queries) : queries_(std::move(queries)) {}

  /// kUnsupported, with the position: what MySQL has no values for (HISTOGRAM wants arrays).
  static Result<void> check(const sql::CustomQueries& queries);

  const std::vector<sql::CustomQuery>& queries() const { return queries_->queries; }
  /// Asks one, or shows its last answer again. Not for this server's version: nothing.
  /// kCorrupt names a column that is no number; the other columns are put.
  Result<void> collect(const sql::CustomQuery& query, const Round& round, MonoTime now);

 private:
  struct Answer {
    std::optional<MonoTime> time;  // nothing: there is none
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;
  };
  std::shared_ptr<const sql::CustomQueries> queries_;
  std::map<const sql::CustomQuery*, Answer> kept_;
};

}  // namespace tocsin::exporters::mysql
