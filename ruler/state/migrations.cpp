#include "state/migrations.hpp"

#include "state/database.hpp"

namespace tocsin::state {
namespace {

Result<int> stored_version(Database& database) {
  TOCSIN_OK(database.execute(
      "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT"));
  TOCSIN_TRY(Statement query, Statement::prepare(database, "SELECT coalesce(max(version), 0) FROM schema_version"));
  TOCSIN_TRY(const bool row, query.step());
  return row ? static_cast<int>(query.integer(0)) : 0;
}

Result<void> apply(Database& database, const Migration& migration, Timestamp now) {
  TOCSIN_OK(database.execute("BEGIN IMMEDIATE"));
  Result<void> done = database.execute(std::string(migration.sql));
  if (done) {
    done = database.execute(
        fmt::format("INSERT INTO schema_version (version, applied_at) VALUES ({}, {})", migration.version, now));
  }
  if (done) done = database.execute("COMMIT");
  if (done) return {};
  (void)database.execute("ROLLBACK");  // the first error is the one to tell
  return fail(std::move(done).error().wrap(fmt::format("migration {}", migration.name)));
}

}  // namespace

Result<void> migrate(Database& database, const std::vector<Migration>& migrations, Timestamp now) {
  TOCSIN_TRY(const int stored, stored_version(database));
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (stored > newest) {
    return fail(Errc::kInvalid,
                "{} {} has schema version {}, and this program knows versions up to {}: it was written by a newer "
                "version of Tocsin; start that one, or move the file away to begin without it",
                database.what(), database.path(), stored, newest);
  }
  for (const Migration& migration : migrations) {
    if (migration.version > stored) TOCSIN_OK(apply(database, migration, now));
  }
  return {};
}

}  // namespace tocsin::state
