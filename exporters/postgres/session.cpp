#include "exporters/postgres/session.hpp"

#include "exporters/postgres/batch.hpp"
#include "exporters/postgres/server_version.hpp"

namespace tocsin::exporters::postgres {

namespace {

constexpr int kOldestVersion = 90400;

}  // namespace

Result<Session> Session::open(const Connector& connector, const Dsn& dsn, const Options& options, MonoTime deadline) {
  Session session;
  TOCSIN_TRY(session.connection_, connector(dsn, deadline));
  const int version = session.connection_->version();
  if (version < kOldestVersion) {
    const Version v = server_version(version);
    return fail(Errc::kUnsupported, "PostgreSQL {}.{} is too old, 9.4 or newer is needed", v[0], v[1]);
  }
  const Duration timeout =
      options.statement_timeout > Duration::zero() ? options.statement_timeout : options.section.deadline / 2;
  auto rows =
      run_text(*session.connection_,
               fmt::format("SET datestyle TO ISO, MDY; SET extra_float_digits TO 2; SET statement_timeout TO {}; "
                           "SELECT version()",
                           std::max<std::int64_t>(to_ms(timeout), 1)),
               deadline);
  if (!rows) return fail(std::move(rows).error().wrap("setting up the session"));
  if ((*rows)->rows() == 1 && (*rows)->columns() == 1) session.version_text_ = (*rows)->value(0, 0).value_or("");
  session.set_queries(builtin_queries(options, version));
  return session;
}

void Session::keep_queries_of_databases() {
  std::vector<Query> queries = std::move(queries_);
  std::erase_if(queries, [](const Query& query) { return !query.per_database; });
  set_queries(std::move(queries));
}

void Session::set_queries(std::vector<Query> queries) {
  queries_ = std::move(queries);
  statements_.clear();
  for (const Query& query : queries_) statements_.push_back(query.sql);
}

}  // namespace tocsin::exporters::postgres
