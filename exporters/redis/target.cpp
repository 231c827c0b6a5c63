#include "exporters/redis/target.hpp"

#include "base/version.hpp"
#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

using Type = model::MetricType;
constexpr std::size_t kInlineBytes = 128U << 10U;    // more is read on a lane
constexpr std::int64_t kMaxEmptyDatabases = 10'000;  // that are shown
constexpr std::int64_t kDefaultDatabases = 16;       // where CONFIG does not tell

std::shared_ptr<client::MaterialSource> make_material(const Services& services, const Options& options) {
  auto config = std::make_shared<config::HttpClientConfig>();
  config->tls = options.tls;
  return std::make_shared<client::MaterialSource>(
      config, client::Services{services.loop, services.work, services.http, services.fs, services.environment});
}

/// In the server's words, which are the label `err` of redis_exporter, too.
std::unexpected<Error> refused(const Reply& answer) {
  return fail(Errc::kIo, "{}", answer.text().empty() ? std::string_view("an empty answer") : answer.text());
}

}  // namespace

Shared::Shared(const Services& lent)
    : services(lent), connector(lent.loop, lent.resolver, &services.work.lane(Lane::kScrape), "") {}

/// Which answer is whose.
struct RedisTarget::Plan {
  std::size_t info = 0, slow_length = 0, slow_entries = 0;
  std::optional<std::size_t> config, spikes, histograms, clients, modules, tile38, command_log, command_log_config;
  std::vector<std::size_t> command_log_lengths;
  std::shared_ptr<const Replies> plain_info;  // of a server that does not know INFO ALL

  Reply info_of(const Replies& replies) const { return plain_info ? plain_info->at(0) : replies.at(info); }
};

/// What INFO and CONFIG say of the server.
struct RedisTarget::Facts {
  std::string role;
  bool is_cluster = false, is_sentinel = false;
  std::int64_t databases = 0;
  std::optional<bool> has_command_log;
  std::string rdb_file;
};

namespace {

constexpr std::string_view kCommandLogs[] = {"slow", "large-request", "large-reply"};

}  // namespace

RedisTarget::RedisTarget(std::shared_ptr<Shared> shared, Address address, std::shared_ptr<const Options> options)
    : shared_(std::move(shared)),
      address_(std::move(address)),
      options_(std::move(options)),
      material_(make_material(shared_->services, *options_)) {}

net::Task<Result<void>> RedisTarget::collect(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto self = shared_from_this();
  Clock& clock = shared_->services.loop.clock();
  const MonoTime began = clock.mono();
  const MonoTime scan_deadline = began + (deadline - began) / 4 * 3;
  std::function<net::Task<Connected>(std::string, MonoTime)> to_node = [self](std::string address, MonoTime limit) {
    return self->connect_node(std::move(address), limit);
  };
  auto round = std::make_shared<Round>(Round{.page = page,
                                             .options = options_,
                                             .client = nullptr,
                                             .loop = shared_->services.loop,
                                             .deadline = deadline,
                                             .scan_deadline = scan_deadline,
                                             .connect_node = std::move(to_node)});
  is_up_ = false;
  trouble_.clear();
  Result<void> result = co_await scrape(round);
  if (result && !trouble_.empty()) result = fail(Errc::kIo, "{}", trouble_);
  put_exporter(*round, result, clock.mono() - began);
  if (!result) co_return fail(std::move(result).error().wrap(fmt::format("redis {}", address_.text())));
  co_return Result<void>();
}

net::Task<Result<Secret>> RedisTarget::password(Address to) {
  if (!to.password.empty() || !options_->password) co_return to.password;
  std::function<Result<Secret>()> read = [options = options_, &fs = shared_->services.fs,
                                          environment = shared_->services.environment] {
    return options->password->get(fs, environment);
  };
  co_return co_await net::run_on(shared_->services.loop, shared_->services.work.lane(Lane::kScrape), std::move(read));
}

net::Task<RedisTarget::Connected> RedisTarget::connect(Address to, MonoTime deadline) {
  const MonoTime began = shared_->services.loop.clock().mono();
  const MonoTime limit = std::min(deadline, began + options_->connection_timeout);
  net::Way way;
  way.url.tls = to.tls;
  way.url.host = to.host;
  way.url.port = to.port;
  way.unix_socket = to.unix_socket;
  if (to.tls) {
    TOCSIN_CO_TRY(const auto material, co_await client::MaterialSource::look(material_, limit));
    way.tls = material->tls;
  }
  TOCSIN_CO_TRY(auto connection, co_await shared_->connector.connect(std::move(way), limit));
  connect_seconds_ = to_seconds(shared_->services.loop.clock().mono() - began);
  co_return std::make_shared<Client>(shared_->services.loop, std::move(connection));
}

/// AUTH, SELECT, CLIENT SETNAME of a new connection.
net::Task<Result<void>> RedisTarget::greet(std::shared_ptr<Round> round, Address as) {
  auto secret = co_await password(as);
  if (!secret) co_return fail(std::move(secret).error());
  const std::string& user = as.user.empty() ? options_->user : as.user;
  Pipeline pipeline;
  std::optional<std::size_t> auth, select;
  if (!secret->empty()) {
    auth = user.empty() ? pipeline.add({"AUTH", secret->reveal()}) : pipeline.add({"AUTH", user, secret->reveal()});
  }
  if (as.database != 0) select = pipeline.add({"SELECT", fmt::format("{}", as.database)});
  if (options_->set_client_name) pipeline.add({"CLIENT", "SETNAME", "redis_exporter"});
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  if (auth && replies->at(*auth).is_error()) co_return refused(replies->at(*auth));
  if (select && replies->at(*select).is_error()) co_return refused(replies->at(*select));
  round->client->database = as.database;
  co_return Result<void>();
}

net::Task<RedisTarget::Connected> RedisTarget::connect_node(std::string address, MonoTime deadline) {
  auto to = parse_address(address);
  if (!to) co_return fail(std::move(to).error());
  to->tls = address_.tls;
  to->user = address_.user;
  to->password = address_.password;
  const double connect_seconds = connect_seconds_;
  auto client = co_await connect(*to, deadline);
  connect_seconds_ = connect_seconds;
  if (!client) co_return client;
  auto round = std::make_shared<Round>(Round{.page = std::make_shared<expo::Page>(),
                                             .options = options_,
                                             .client = *client,
                                             .loop = shared_->services.loop,
                                             .deadline = deadline});
  TOCSIN_CO_OK(co_await greet(round, *to));
  co_return client;
}

RedisTarget::Plan RedisTarget::plan_questions(Pipeline& pipeline, const Client& client) const {
  Plan plan;
  const Options& options = *options_;
  plan.info = pipeline.add({"INFO", "ALL"});
  if (options.config_command != "-") plan.config = pipeline.add({options.config_command, "GET", "*"});
  if (!options.exclude_latency_histogram_metrics) {
    plan.spikes = pipeline.add({"LATENCY", "LATEST"});
    plan.histograms = pipeline.add({"LATENCY", "HISTOGRAM"});
  }
  plan.slow_length = pipeline.add({"SLOWLOG", "LEN"});
  plan.slow_entries = pipeline.add({"SLOWLOG", "GET", "1"});
  if (options.export_client_list) plan.clients = pipeline.add({"CLIENT", "LIST"});
  if (options.include_modules_metrics) plan.modules = pipeline.add({"INFO", "MODULES"});
  if (options.is_tile38) {
    plan.tile38 = pipeline.add({"SERVER", "EXT"});
  } else if (!client.has_command_log) {
    plan.command_log = pipeline.add({"COMMAND", "INFO", "COMMANDLOG"});
  }
  if (client.has_command_log.value_or(false)) {
    for (const std::string_view kind : kCommandLogs) {
      plan.command_log_lengths.push_back(pipeline.add({"COMMANDLOG", "LEN", kind}));
    }
  }
  return plan;
}

/// INFO and all that does not depend on its answer. A connection that the server closed meanwhile is replaced once.
net::Task<Result<std::shared_ptr<const Replies>>> RedisTarget::ask_first(std::shared_ptr<Round> round,
                                                                         std::shared_ptr<Plan> plan) {
  if (client_ && client_->is_usable()) {
    round->client = client_;
    Pipeline pipeline;
    *plan = plan_questions(pipeline, *client_);
    auto replies = co_await client_->ask(std::move(pipeline), round->deadline);
    if (replies || replies.error().code != Errc::kIo) co_return replies;
  }
  client_.reset();
  TOCSIN_CO_TRY(round->client, co_await connect(address_, round->deadline));
  auto greeted = co_await greet(round, address_);
  if (!greeted) co_return fail(std::move(greeted).error());
  Pipeline pipeline;
  *plan = plan_questions(pipeline, *round->client);
  auto replies = co_await round->client->ask(std::move(pipeline), round->deadline);
  if (replies) client_ = round->client;
  co_return replies;
}

Result<RedisTarget::Facts> RedisTarget::fill(Round& round, const Replies& replies, const Plan& plan,
                                             std::int64_t now_seconds) {
  const Options& options = *round.options;
  Metrics& metrics = round.metrics;
  const std::string_view info = plan.info_of(replies).text();
  Facts facts;
  facts.role = info_value(info, "role");
  facts.is_cluster = info_value(info, "cluster_enabled") == "1";
  facts.is_sentinel = has_section(info, "Sentinel");
  if (options.append_instance_role_label) metrics.append_role(facts.role);
  if (plan.config) {
    const Reply config = replies.at(*plan.config);
    TOCSIN_TRY(facts.databases, put_config(metrics, config, options));
    const std::string_view folder = config.text_of("dir"), name = config.text_of("dbfilename");
    if (!folder.empty() && !name.empty() && !name.contains('/') && name != "." && name != "..") {
      facts.rdb_file = fmt::format("{}/{}", folder, name);
    }
    if (round.client->has_command_log.value_or(false)) put_command_log_config(metrics, config);
  }
  if (!facts.is_cluster && facts.databases == 0) facts.databases = kDefaultDatabases;
  const CommandStats commands =
      put_info(metrics, info,
               {.now_seconds = now_seconds,
                .databases = options.include_metrics_for_empty_databases
                                 ? std::min(facts.is_cluster ? 1 : facts.databases, kMaxEmptyDatabases)
                                 : 0,
                .include_system_metrics = options.include_system_metrics});
  if (plan.spikes) put_latency_spikes(metrics, replies.at(*plan.spikes));
  if (plan.histograms) put_latency_histograms(metrics, replies.at(*plan.histograms), commands);
  put_slow_log(metrics, replies.at(plan.slow_length), replies.at(plan.slow_entries));
  if (plan.clients && !replies.at(*plan.clients).is_error()) {
    put_clients(metrics, replies.at(*plan.clients).text(), now_seconds, options.export_client_port);
  }
  if (plan.modules && !replies.at(*plan.modules).is_error()) put_modules(metrics, replies.at(*plan.modules).text());
  if (plan.tile38) put_tile38(metrics, replies.at(*plan.tile38));
  if (plan.command_log) {
    const auto first = replies.at(*plan.command_log).at(0);
    facts.has_command_log = first && first->is_array();
  }
  for (std::size_t i = 0; i < plan.command_log_lengths.size(); ++i) {
    put_command_log_length(metrics, kCommandLogs[i], replies.at(plan.command_log_lengths[i]));
  }
  return facts;
}

net::Task<Result<void>> RedisTarget::scrape(std::shared_ptr<Round> round) {
  const Services& services = shared_->services;
  const auto plan = std::make_shared<Plan>();
  auto replies = co_await ask_first(round, plan);
  if (!replies) co_return fail(std::move(replies).error());
  if (const Reply info = plan->info_of(**replies); info.is_error() && !info.text().starts_with("NOAUTH")) {
    Pipeline again;
    again.add({"INFO"});
    TOCSIN_CO_TRY(plan->plain_info, co_await round->client->ask(std::move(again), round->deadline));
  }
  if (const Reply info = plan->info_of(**replies); info.is_error() || info.text().empty()) {
    co_return refused(info);
  }
  if (options_->ping_on_connect) {
    const MonoTime began = services.loop.clock().mono();
    Pipeline ping;
    ping.add({"PING"});
    TOCSIN_CO_TRY(const auto pong, co_await round->client->ask(std::move(ping), round->deadline));
    round->metrics.gauge("redis_exporter_last_scrape_ping_time_seconds",
                         to_seconds(services.loop.clock().mono() - began));
  }
  std::function<Result<Facts>()> job = [round, plan, replies = *replies, now = services.loop.clock().now() / 1000] {
    return fill(*round, *replies, *plan, now);
  };
  Result<Facts> filled = (*replies)->byte_count() <= kInlineBytes
                             ? job()
                             : co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
  if (!filled) co_return fail(std::move(filled).error());
  const auto facts = std::make_shared<Facts>(std::move(*filled));
  if (facts->has_command_log) round->client->has_command_log = facts->has_command_log;
  is_up_ = true;
  if (facts->is_cluster) {
    if (auto told = co_await ask_cluster(round, facts); !told) trouble_ = told.error().message;
  }
  if (trouble_.empty()) {
    if (auto told = co_await ask_more(round, facts); !told) trouble_ = told.error().message;
  }
  if (trouble_.empty() && !options_->scripts.empty()) co_return co_await ask_scripts(round);
  co_return Result<void>();
}

net::Task<Result<void>> RedisTarget::ask_cluster(std::shared_ptr<Round> round, std::shared_ptr<Facts> facts) {
  Pipeline pipeline;
  pipeline.add({"CLUSTER", "INFO"});
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  if (replies->at(0).is_error()) co_return Result<void>();
  put_fields(round->metrics, replies->at(0).text());
  facts->databases = 1;
  co_return Result<void>();
}

/// Questions that depend on the first answers, or need several trips.
net::Task<Result<void>> RedisTarget::ask_more(std::shared_ptr<Round> round, std::shared_ptr<Facts> facts) {
  const Options& options = *options_;
  if (options.include_rdb_file_size_metric && !facts->rdb_file.empty()) {
    co_await look_at_rdb_file(round, facts->rdb_file);
  }
  if (facts->role == "slave" || !options.skip_checkkeys_for_role_master) {
    if (!options.check_keys.empty() || !options.check_single_keys.empty()) TOCSIN_CO_OK(co_await ask_keys(round));
    if (!options.count_keys.empty()) TOCSIN_CO_OK(co_await ask_key_counts(round));
    if (!options.check_streams.empty() || !options.check_single_streams.empty()) {
      TOCSIN_CO_OK(co_await ask_streams(round));
    }
  }
  TOCSIN_CO_OK(co_await ask_key_groups(round, facts->databases));
  if (facts->is_sentinel) TOCSIN_CO_OK(co_await ask_sentinel(round));
  if (options.include_search_indexes_metrics) TOCSIN_CO_OK(co_await ask_search_indexes(round));
  TOCSIN_CO_TRY(const bool back, co_await select_database(round, address_.database));
  static_cast<void>(back);
  if (!options.check_keys.empty() || !options.count_keys.empty() || !options.check_streams.empty() ||
      !options.check_key_groups.empty()) {
    round->page
        ->family("tocsin_redis_unfinished_scans",
                 "Searches for keys that were cut off, by time or by the number of keys that they found.", Type::kGauge)
        .put(static_cast<double>(round->unfinished_scans));
  }
  co_return Result<void>();
}

net::Task<Result<void>> RedisTarget::ask_scripts(std::shared_ptr<Round> round) {
  Pipeline pipeline;
  for (const Script& script : options_->scripts) {
    pipeline.add({options_->lua_script_read_only ? "EVAL_RO" : "EVAL", script.text, "0"});
  }
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  Result<void> result;
  for (std::size_t i = 0; i < replies->size(); ++i) {
    auto one = put_script(round->metrics, options_->scripts[i].file, replies->at(i));
    if (!one && result) result = std::move(one);
  }
  is_up_ = result.has_value();  // as redis_exporter has it
  co_return result;
}

/// Of a server on this host, whose files may be read.
net::Task<void> RedisTarget::look_at_rdb_file(std::shared_ptr<Round> round, std::string path) {
  std::function<Result<FileInfo>()> look = [&fs = shared_->services.fs, path] { return fs.info(path); };
  const auto info =
      co_await net::run_on(shared_->services.loop, shared_->services.work.lane(Lane::kScrape), std::move(look));
  if (info && !info->directory) round->metrics.gauge("redis_rdb_current_size_bytes", static_cast<double>(info->size));
  if (!info && info.error().code == Errc::kNotFound) round->metrics.gauge("redis_rdb_current_size_bytes", 0);
}

void RedisTarget::put_exporter(Round& round, const Result<void>& result, Duration took) {
  const double seconds = to_seconds(took);
  ++scrapes_;
  seconds_ += seconds;
  round.metrics.gauge("redis_up", is_up_ ? 1 : 0);
  round.metrics.gauge("redis_exporter_last_scrape_error", result ? 0 : 1,
                      {{"err", result ? std::string_view() : std::string_view(result.error().message)}});
  round.metrics.gauge("redis_exporter_last_scrape_duration_seconds", seconds);
  expo::Page& page = *round.page;
  page.family("redis_exporter_last_scrape_connect_time_seconds", "exporter_last_scrape_connect_time_seconds metric",
              Type::kGauge)
      .put(connect_seconds_);
  page.family("redis_exporter_scrapes_total", "Current total redis scrapes.", Type::kCounter).put(scrapes_);
  page.family("redis_exporter_scrape_duration_seconds", "Durations of scrapes by the exporter", Type::kSummary)
      .put_summary({}, {}, seconds_, scrapes_);
  page.family("redis_target_scrape_request_errors_total", "Errors in requests to the exporter", Type::kCounter)
      .put(static_cast<double>(shared_->request_errors));
  page.family("redis_exporter_build_info", "redis exporter build_info", Type::kGauge)
      .put({{"build_date", ""}, {"commit_sha", revision()}, {"golang_version", ""}, {"version", version()}}, 1);
}

}  // namespace tocsin::exporters::redis
