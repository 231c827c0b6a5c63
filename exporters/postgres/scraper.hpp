#pragma once
// One server: what is asked at each scrape, and what became of it.

#include <map>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "exporters/postgres/rows_copy.hpp"
#include "exporters/postgres/session.hpp"

namespace tocsin::exporters::postgres {

/// What a scraper needs from outside. All of it outlives the scraper.
struct Surroundings {
  Clock& clock;
  Fs& fs;
  config::Environment environment;
  Connector connector;
};

/// Thread: one. Keeps its sessions between scrapes.
class Scraper {
 public:
  /// @param server  the label `server`; "" for postgres_exporter's host:port of the moment
  Scraper(std::shared_ptr<const Options> options, Login login, std::string server, Surroundings surroundings);

  /// Puts everything that answered, and pg_up, pg_exporter_* and pg_scrape_collector_* in any case.
  /// @return why the server is down, or what of it failed (then pg_up is 1).
  Result<void> scrape(expo::Page& page, MonoTime deadline);

 private:
  struct CollectorState {
    Duration time = Duration::zero();
    bool asked = false, ok = true;
  };
  struct Round;  // what one scrape found out
  struct Cached {
    MonoTime when;
    RowsCopy rows;
  };

  Result<void> ask_server(Round& round);
  Result<void> ask_main(Round& round, const Dsn& dsn);
  Result<void> ask_session(Round& round, Session& session, const std::string& database);
  Result<void> ask_custom(Round& round, Session& session, const std::string& database);
  Result<void> ask_databases(Round& round, const Dsn& dsn);
  void ask_database(Round& round, const Dsn& dsn, const std::string& name);
  void take(Round& round, const Query& query, const Result<std::unique_ptr<Rows>>& rows, const std::string& database);
  void put_version(Round& round) const;
  void put_self(Round& round, bool up) const;

  std::shared_ptr<const Options> options_;
  Login login_;
  std::string server_;
  Surroundings around_;
  Dsn dsn_;  // of the sessions
  std::optional<Session> main_;
  std::map<std::string, Session> of_databases_;  // found ones, by name
  std::map<std::pair<std::string, const sql::CustomQuery*>, Cached> cache_;
  double scrapes_ = 0;
};

}  // namespace tocsin::exporters::postgres
