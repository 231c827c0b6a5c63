// Any bytes as a connection string, a value of a row, a range of versions and a file of queries: none may crash, and no
// error about a connection string may repeat any of it, which could be the password.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/mem_fs.hpp"
#include "exporters/postgres/dsn.hpp"
#include "exporters/postgres/values.hpp"
#include "exporters/sql/custom_queries.hpp"

namespace {

using namespace tocsin;
using namespace tocsin::exporters::postgres;
using namespace tocsin::exporters::sql;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_dsn(const std::string& text) {
  const auto dsn = parse_dsn(text);
  if (!dsn) {
    // The message is ours: the same whatever letters the text has.
    std::string other = text;
    const std::size_t scheme = text.starts_with("postgres://") ? 11 : text.starts_with("postgresql://") ? 13 : 0;
    for (std::size_t i = scheme; i < other.size(); ++i) {
      if (other[i] >= 'g' && other[i] <= 'y') other[i] = 'z';
    }
    const auto again = parse_dsn(other);
    require(!again && again.error().message == dsn.error().message);
    return;
  }
  require(!server_label(*dsn).empty());
  for (const auto& [keyword, value] : dsn->parameters) {
    require(keyword != "password" && !keyword.empty() && !value.contains('\0'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_dsn(text);
  require(parse_dsn(as_uri(text)).has_value() || !parse_dsn(text).has_value());
  for (const std::uint32_t type : {25U, kBoolType, kDateType, kTimestampType, kTimestamptzType}) {
    static_cast<void>(to_number(type, text));
    static_cast<void>(to_label(type, text));
  }
  static_cast<void>(parse_number_array(text));
  if (const auto range = VersionRange::parse(text)) {
    static_cast<void>(range->contains({15, 0, 0}));
  }
  MemFs fs;
  require(fs.write_file_atomic("/q.yaml", text).has_value());
  if (const auto queries = CustomQueries::load(fs, "/q.yaml")) {
    for (const CustomQuery& query : queries->queries)
      require(is_metric_name(query.mapping.prefix) && !query.sql.empty());
  }
  return 0;
}
