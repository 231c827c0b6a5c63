#include "exporters/postgres/scraper.hpp"

#include <algorithm>

#include "base/version.hpp"
#include "exporters/postgres/batch.hpp"
#include "exporters/postgres/server_version.hpp"
#include "exporters/postgres/settings.hpp"

namespace tocsin::exporters::postgres {

namespace {

using model::MetricType;

/// Sessions with found databases that are kept; beyond that one is opened for each scrape.
constexpr std::size_t kMaxKeptSessions = 32;

constexpr const char* kDatabases =
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> current_database() ORDER "
    "BY "
    "1";

}  // namespace

struct Scraper::Round {
  expo::Page& page;
  MonoTime started, deadline;
  MonoTime last_answer;
  std::string server;
  std::map<std::string_view, CollectorState> collectors = {};
  std::size_t answers = 0;
  std::vector<std::string> problems = {};
  bool counted_error = false;

  void complain(std::string_view what, const Error& error, bool counted) {
    problems.push_back(fmt::format("{}: {}", what, error.message));
    counted_error = counted_error || counted;
  }
};

Scraper::Scraper(std::shared_ptr<const Options> options, Login login, std::string server, Surroundings surroundings)
    : options_(std::move(options)),
      login_(std::move(login)),
      server_(std::move(server)),
      around_(std::move(surroundings)) {}

Result<void> Scraper::scrape(expo::Page& page, MonoTime deadline) {
  const MonoTime now = around_.clock.mono();
  Round round{.page = page, .started = now, .deadline = deadline, .last_answer = now, .server = server_};
  ++scrapes_;
  Result<void> asked = ask_server(round);
  // A server that has answered is up, even if not all of it came in time.
  const bool up = asked || round.answers > 0;
  if (!asked) round.counted_error = true;
  if (up) put_version(round);
  put_self(round, up);
  if (!asked) return asked;
  if (!round.problems.empty()) {
    std::string all;
    for (const std::string& problem : round.problems) all += (all.empty() ? "" : "; ") + problem;
    return fail(Errc::kExecution, "{}", all);
  }
  return {};
}

Result<void> Scraper::ask_server(Round& round) {
  TOCSIN_TRY(Dsn dsn, resolve(login_, around_.fs, around_.environment));
  if (dsn.parameters != dsn_.parameters || dsn.password != dsn_.password) {
    main_.reset();
    of_databases_.clear();
    dsn_ = dsn;
  }
  if (round.server.empty()) round.server = server_label(dsn);
  for (const CollectorDefault& collector : kCollectors) {
    if (options_->collects(collector.name)) round.collectors[collector.name];
  }
  auto asked = ask_main(round, dsn);
  if (!asked) {
    main_.reset();
    for (auto& [name, state] : round.collectors) state.ok = state.ok && state.asked;
    return asked;
  }
  if (options_->auto_discover_databases) {
    auto found = ask_databases(round, dsn);
    if (!found) {
      main_.reset();
      round.complain("databases", found.error(), true);
    }
  }
  return {};
}

Result<void> Scraper::ask_main(Round& round, const Dsn& dsn) {
  if (main_) {
    auto asked = ask_session(round, *main_, "");
    // The server closed a kept session meanwhile, as after a restart: a new one, at once.
    if (asked || round.answers > 0 || asked.error().code == Errc::kTimeout) return asked;
    main_.reset();
    of_databases_.clear();
  }
  TOCSIN_TRY(main_, Session::open(around_.connector, dsn, *options_, round.deadline));
  return ask_session(round, *main_, "");
}

Result<void> Scraper::ask_session(Round& round, Session& session, const std::string& database) {
  round.last_answer = around_.clock.mono();
  TOCSIN_OK(run_joined(session.connection(), session.statements(), round.deadline,
                       [&](std::size_t index, const Result<std::unique_ptr<Rows>>& rows) {
                         take(round, session.queries()[index], rows, database);
                       }));
  return ask_custom(round, session, database);
}

void Scraper::take(Round& round, const Query& query, const Result<std::unique_ptr<Rows>>& rows,
                   const std::string& database) {
  ++round.answers;
  Result<void> put;
  if (!rows) {
    put = fail(rows.error());
  } else if (query.settings) {
    put = put_settings(**rows, options_->style, round.server, round.page);
  } else {
    put = put_rows(**rows, query.mapping, round.server, round.page);
  }
  const MonoTime now = around_.clock.mono();
  const Duration time = now - std::exchange(round.last_answer, now);
  if (!query.collector.empty()) {
    CollectorState& state = round.collectors[query.collector];
    state.time += time;
    state.asked = true;
    state.ok = state.ok && put.has_value();
  }
  if (put) return;
  const std::string_view what = query.collector.empty() ? std::string_view(query.mapping.prefix) : query.collector;
  round.complain(database.empty() ? std::string(what) : fmt::format("{} in {}", what, database), put.error(),
                 query.counted);
}

Result<void> Scraper::ask_custom(Round& round, Session& session, const std::string& database) {
  if (!options_->custom) return {};
  const Version version = server_version(session.version());
  for (const sql::CustomQuery& query : options_->custom->queries) {
    if ((query.master && !database.empty()) || !query.versions.contains(version)) continue;
    const auto key = std::pair(database, &query);
    const auto kept = cache_.find(key);
    Result<void> put;
    if (kept != cache_.end() && round.started - kept->second.when <= query.cache_time) {
      put = put_rows(kept->second.rows, query.mapping, round.server, round.page);
    } else {
      auto rows = run_text(session.connection(), query.sql, round.deadline);
      if (!rows && rows.error().code != Errc::kExecution) return fail(std::move(rows).error().wrap(query.where));
      if (kept != cache_.end()) cache_.erase(kept);
      if (!rows) {
        put = fail(std::move(rows).error());
      } else {
        put = put_rows(**rows, query.mapping, round.server, round.page);
        if (query.cache_time > Duration::zero()) cache_.emplace(key, Cached{round.started, RowsCopy(**rows)});
      }
    }
    ++round.answers;
    if (!put) round.complain(fmt::format("{}: {}", query.where, query.mapping.prefix), put.error(), true);
  }
  return {};
}

Result<void> Scraper::ask_databases(Round& round, const Dsn& dsn) {
  TOCSIN_TRY(const std::unique_ptr<Rows> rows, run_text(main_->connection(), kDatabases, round.deadline));
  std::set<std::string, std::less<>> names;
  const auto holds = [](const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
  };
  for (std::size_t row = 0; row < rows->rows(); ++row) {
    std::string name(rows->value(row, 0).value_or(""));
    if (name.empty() || holds(options_->exclude_databases, name)) continue;
    if (!options_->include_databases.empty() && !holds(options_->include_databases, name)) continue;
    names.insert(std::move(name));
  }
  std::erase_if(of_databases_, [&](const auto& entry) { return !names.contains(entry.first); });
  std::erase_if(cache_,
                [&](const auto& entry) { return !entry.first.first.empty() && !names.contains(entry.first.first); });
  for (const std::string& name : names) {
    if (around_.clock.mono() >= round.deadline) return fail(Errc::kTimeout, "no time left for {}", name);
    ask_database(round, dsn, name);
  }
  return {};
}

void Scraper::ask_database(Round& round, const Dsn& dsn, const std::string& name) {
  auto kept = of_databases_.find(name);
  const bool was_kept = kept != of_databases_.end();
  Result<void> asked;
  if (was_kept) {
    const std::size_t before = round.answers;
    asked = ask_session(round, kept->second, name);
    if (asked) return;
    of_databases_.erase(kept);
    if (round.answers > before || asked.error().code == Errc::kTimeout)
      return round.complain(name, asked.error(), true);
  }
  Dsn of_database = dsn;
  of_database.set("dbname", name);
  auto session = Session::open(around_.connector, of_database, *options_, round.deadline);
  if (!session) return round.complain(name, session.error(), true);
  session->keep_queries_of_databases();
  asked = ask_session(round, *session, name);
  if (!asked) return round.complain(name, asked.error(), true);
  if (of_databases_.size() < kMaxKeptSessions) of_databases_.emplace(name, std::move(*session));
}

void Scraper::put_version(Round& round) const {
  if (!options_->default_metrics || !main_) return;
  const Version v = server_version(main_->version());
  const std::string short_version = fmt::format("{}.{}.{}", v[0], v[1], v[2]);
  round.page.family("pg_static", "Version string as reported by postgres", MetricType::kUnknown)
      .put({{"server", round.server}, {"short_version", short_version}, {"version", main_->version_text()}}, 1);
}

void Scraper::put_self(Round& round, bool up) const {
  expo::Page& page = round.page;
  page.family("pg_up",
              "Whether the last scrape of metrics from PostgreSQL was able to connect to the server (1 for yes, 0 for "
              "no).",
              MetricType::kGauge)
      .put(up ? 1 : 0);
  page.family("pg_exporter_last_scrape_duration_seconds", "Duration of the last scrape of metrics from PostgreSQL.",
              MetricType::kGauge)
      .put(to_seconds(around_.clock.mono() - round.started));
  page.family("pg_exporter_last_scrape_error",
              "Whether the last scrape of metrics from PostgreSQL resulted in an error (1 for error, 0 for success).",
              MetricType::kGauge)
      .put(round.counted_error ? 1 : 0);
  page.family("pg_exporter_scrapes_total", "Total number of times PostgreSQL was scraped for metrics.",
              MetricType::kCounter)
      .put(scrapes_);
  page.family("postgres_exporter_build_info",
              "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
              "postgres_exporter was built, and the goos and goarch for the build.",
              MetricType::kGauge)
      .put({{"branch", "tocsin"},
            {"goarch", "amd64"},
            {"goos", "linux"},
            {"goversion", "none"},
            {"revision", revision()},
            {"version", version()}},
           1);
  if (options_->custom) {
    page.family("pg_exporter_user_queries_load_error",
                "Whether the user queries file was loaded and parsed successfully (1 for error, 0 for success).",
                MetricType::kGauge)
        .put({{"filename", options_->custom->file}, {"hashsum", options_->custom->sha256}}, 0);
  }
  auto& durations = page.family("pg_scrape_collector_duration_seconds",
                                "postgres_exporter: Duration of a collector scrape.", MetricType::kGauge);
  auto& successes = page.family("pg_scrape_collector_success", "postgres_exporter: Whether a collector succeeded.",
                                MetricType::kGauge);
  for (const auto& [name, state] : round.collectors) {
    durations.put({{"collector", name}}, to_seconds(state.time));
    successes.put({{"collector", name}}, state.ok ? 1 : 0);
  }
}

}  // namespace tocsin::exporters::postgres
