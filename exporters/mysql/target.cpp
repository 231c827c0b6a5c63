#include "exporters/mysql/target.hpp"

#include "base/log.hpp"

namespace tocsin::exporters::mysql {
namespace {

void put_gauge(expo::Page& page, std::string_view name, std::string_view help, double value) {
  page.family(name, help, MetricType::kGauge).put(value);
}

void put_duration(expo::Page& page, std::string_view collector, Duration duration) {
  page.family("mysql_exporter_collector_duration_seconds", "Collector time duration.", MetricType::kGauge)
      .put({{"collector", collector}}, to_seconds(duration));
}

void put_success(expo::Page& page, std::string_view collector, bool success) {
  page.family("mysql_exporter_collector_success", "mysqld_exporter: Whether a collector succeeded.", MetricType::kGauge)
      .put({{"collector", collector}}, success ? 1 : 0);
}

}  // namespace

MysqlTarget::MysqlTarget(const Services& services, TargetOptions options, Dial dial)
    : BlockingTarget(services), clock_(services.loop.clock()), options_(std::move(options)), dial_(std::move(dial)) {
  if (options_.custom) custom_.emplace(options_.custom);
}

Result<void> MysqlTarget::dial(MonoTime deadline) {
  connection_.reset();
  TOCSIN_TRY(connection_, dial_(deadline));
  TOCSIN_OK(learn_version(deadline));
  return begin_session(deadline);
}

Result<void> MysqlTarget::make_ready(MonoTime deadline) {
  if (connection_ && connection_->usable()) {
    auto result = learn_version(deadline);
    if (result || result.error().code == Errc::kTimeout) return result;
  }
  return dial(deadline);
}

Result<void> MysqlTarget::learn_version(MonoTime deadline) {
  std::string text;
  TOCSIN_OK(connection_->query("SELECT @@version", deadline, [&](const Row& row) -> Result<void> {
    text = row.text(0);
    return {};
  }));
  if (text != server_.text) {
    TOCSIN_TRY(server_, Server::of(text));
  }
  if (!server_.at_least(5, 5)) {
    return fail(Errc::kUnsupported, "the server is too old: {}, MySQL or MariaDB 5.5 or newer is needed", text);
  }
  return {};
}

Result<void> MysqlTarget::begin_session(MonoTime deadline) {
  const auto set = [&](const std::string& settings) {
    return connection_->query("SET SESSION " + settings, deadline, [](const Row&) -> Result<void> { return {}; });
  };
  if (const auto seconds = options_.session.lock_wait_timeout) {
    TOCSIN_OK(set(fmt::format("lock_wait_timeout = {}", *seconds)));
  }
  if (options_.session.log_slow_filter) {
    TOCSIN_OK(set("log_slow_filter = 'tmp_table_on_disk,filesort_on_disk'"));
  }
  // A statement that we gave up must not go on in the server. Older ones do not know the setting.
  const std::int64_t left_ms = std::max<std::int64_t>(to_ms(deadline - clock_.mono()), 1);
  const bool has_limit = server_.mariadb ? server_.at_least(10, 1, 2) : server_.at_least(5, 7, 8);
  if (has_limit && deadline != MonoTime::max()) {
    const auto limited =
        set(server_.mariadb ? fmt::format("max_statement_time = {}.{:03}", left_ms / 1000, left_ms % 1000)
                            : fmt::format("max_execution_time = {}", left_ms));
    if (!limited && !connection_->usable()) return limited;
  }
  return {};
}

Result<void> MysqlTarget::run(const Asked& asked, const Collect& collect) {
  if (!connection_->usable()) TOCSIN_OK(dial(asked.deadline));
  MonoTime deadline = asked.deadline;
  if (options_.session.query_timeout > Duration::zero()) {
    deadline = std::min(deadline, clock_.mono() + options_.session.query_timeout);
  }
  return collect(Round{*connection_, asked.page, server_, options_.collectors, deadline});
}

void MysqlTarget::ask_one(Asked& asked, const std::string& name, const Collect& collect) {
  const MonoTime began = clock_.mono();
  const bool tried = asked.result.has_value();
  const Result<void> collected = tried ? run(asked, collect) : asked.result;
  put_success(asked.page, name, collected.has_value());
  put_duration(asked.page, name, clock_.mono() - began);
  if (tried) note(name, collected);
  if (collected) return;
  asked.all_well = false;
  // Once the time is over or the server is gone, the others are not tried.
  if (connection_ == nullptr || clock_.mono() >= asked.deadline) asked.result = collected;
}

Result<void> MysqlTarget::ask(expo::Page& page, MonoTime deadline) {
  page.family("mysql_exporter_scrapes_total", "Total number of times MySQL was scraped for metrics.",
              MetricType::kCounter)
      .put(++rounds_);
  const MonoTime started = clock_.mono();
  const Result<void> ready = make_ready(deadline);
  put_gauge(page, "mysql_up", "Whether the MySQL server is up.", ready ? 1 : 0);
  Asked asked{.page = page, .deadline = deadline, .result = ready, .all_well = ready.has_value()};
  if (ready) {
    put_duration(page, "connection", clock_.mono() - started);
    for (std::size_t i = 0; i < collectors().size(); ++i) {
      const CollectorInfo& collector = collectors()[i];
      if (!options_.collectors.enabled[i] || !server_.at_least(collector.major, collector.minor)) continue;
      ask_one(asked, fmt::format("collect.{}", collector.name), collector.collect);
    }
    for (std::size_t i = 0; custom_ && i < custom_->queries().size(); ++i) {
      const sql::CustomQuery& query = custom_->queries()[i];
      ask_one(asked, fmt::format("custom.{}", query.mapping.prefix), [&](const Round& round) -> Result<void> {
        auto collected = custom_->collect(query, round, clock_.mono());
        if (!collected) return fail(std::move(collected).error().wrap(query.where));
        return collected;
      });
    }
  }
  for (const auto& [collector, count] : failures_) {
    page.family("mysql_exporter_scrape_errors_total", "Total number of times an error occurred scraping a MySQL.",
                MetricType::kCounter)
        .put({{"collector", collector}}, count);
  }
  put_gauge(page, "mysql_exporter_last_scrape_error",
            "Whether the last scrape of metrics from MySQL resulted in an error (1 for error, 0 for success).",
            asked.all_well ? 0 : 1);
  if (!asked.result && connection_ && !connection_->usable()) connection_.reset();
  return asked.result;
}

void MysqlTarget::note(const std::string& collector, const Result<void>& result) {
  if (result) {
    if (failing_.erase(collector) > 0) {
      log::info("mysql", "collector works again", {{"server", options_.server}, {"collector", collector}});
    }
    return;
  }
  ++failures_[collector];
  std::string& known = failing_[collector];
  if (known == result.error().message) return;
  known = result.error().message;
  log::warn("mysql", "collector failed", {{"server", options_.server}, {"collector", collector}, {"err", known}});
}

}  // namespace tocsin::exporters::mysql
