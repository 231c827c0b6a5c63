#pragma once
// A file of queries in postgres_exporter's form (--extend.query-path).

#include <string>
#include <vector>

#include "base/fs.hpp"
#include "exporters/sql/mapping.hpp"
#include "exporters/sql/version_range.hpp"

namespace tocsin::exporters::sql {

struct CustomQuery {
  std::string sql;
  std::string where;  // file:line:column
  Mapping mapping;
  VersionRange versions;                   // runonserver
  bool master = false;                     // in the database of the connection string only
  Duration cache_time = Duration::zero();  // values are shown again for so long
};

/// Thread: any (immutable).
struct CustomQueries {
  std::string file, sha256;  // as pg_exporter_user_queries_load_error names them
  std::vector<CustomQuery> queries;

  /// The file of the name; errors have their position. Unknown keys and usages are errors, unlike in postgres_exporter.
  static Result<CustomQueries> load(Fs& fs, const std::string& path);
};

}  // namespace tocsin::exporters::sql
