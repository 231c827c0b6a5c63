#pragma once
// A session with one database of a server, kept from scrape to scrape.

#include "exporters/postgres/builtin.hpp"
#include "exporters/postgres/connection.hpp"

namespace tocsin::exporters::postgres {

/// Thread: one.
class Session {
 public:
  /// Opens it and sets what our reading rests on: the style of dates and numbers, and statement_timeout.
  /// kUnsupported for a server older than 9.4.
  static Result<Session> open(const Connector& connector, const Dsn& dsn, const Options& options, MonoTime deadline);

  Connection& connection() const { return *connection_; }
  int version() const { return connection_->version(); }
  /// As `SELECT version()` says it.
  const std::string& version_text() const { return version_text_; }
  /// What this server is asked, and the same as texts.
  const std::vector<Query>& queries() const { return queries_; }
  const std::vector<std::string>& statements() const { return statements_; }
  /// Of these only what is to be asked in every database.
  void keep_queries_of_databases();

 private:
  Session() = default;
  void set_queries(std::vector<Query> queries);
  std::unique_ptr<Connection> connection_;
  std::string version_text_;
  std::vector<Query> queries_;
  std::vector<std::string> statements_;
};

}  // namespace tocsin::exporters::postgres
