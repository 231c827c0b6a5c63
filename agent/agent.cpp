#include "agent/agent.hpp"

#include <csignal>

#include "agent/sources.hpp"
#include "base/html.hpp"
#include "base/resident_memory.hpp"
#include "base/version.hpp"

namespace tocsin::agent {
namespace {

/// The first scrapes make what the others keep: files, families, texts.
constexpr int kWarmUp = 3;

/// Probes that run at once; each may hold a connection and a thread.
constexpr std::size_t kMaxProbes = 64;

net::Task<net::HttpResponse> plain(int status, std::string text) {
  co_return plain_text(status, std::move(text));
}

EndpointOptions endpoint_options(const Flags& flags) {
  return {
      .max_requests = flags.max_requests, .self_metrics = !flags.disable_exporter_metrics, .procfs = flags.node.procfs};
}

}  // namespace

Agent::Agent(net::Runtime& runtime, const Flags& flags, Fs& fs, std::vector<exporters::SourceInfo> kinds)
    : runtime_(runtime),
      flags_(flags),
      fs_(fs),
      kinds_(std::move(kinds)),
      anchor_(std::make_shared<exporters::LoopAnchor>(runtime.loop())),
      gatherer_(runtime.loop(), anchor_, GatherOptions{flags.collector_deadline, std::chrono::milliseconds(500)}),
      sources_(runtime, fs, anchor_),
      prober_(runtime.loop(), kMaxProbes),
      originals_(gatherer_, sources_, prober_),
      listeners_(runtime, fs, endpoint_options(flags), originals_),
      health_(runtime.loop(), gatherer_, sources_),
      endpoint_(fs, endpoint_options(flags)),
      parts_(fs, endpoint_options(flags)) {
  add_probes();
  add_build_info();
  add_routes();
}

void Agent::add_probes() {
  endpoint_.registry().add([this](telemetry::Sink& sink) {
    const net::RuntimeStats stats = runtime_.stats();
    sink.gauge("tocsin_loop_lag_seconds", "Longest wait of a job or timer of the event loop since the last scrape.",
               stats.loop_lag_seconds_max);
    sink.counter("tocsin_task_failures_total", "Tasks that ended with a defect.",
                 static_cast<double>(stats.task_failures));
    if (server_) server_->put_metrics(sink);
    sink.gauge("tocsin_config_last_reload_successful", "Whether the last reading of agent.yml was successful.",
               reload_ok_ ? 1 : 0);
    sink.gauge("tocsin_config_last_reload_success_timestamp_seconds", "When agent.yml was last read with success.",
               static_cast<double>(reloaded_at_) / 1000);
  });
}

void Agent::add_build_info() {
  expo::Page page;
  page.begin();
  page.family("node_exporter_build_info",
              "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
              "node_exporter was built, and the goos and goarch for the build.",
              model::MetricType::kGauge)
      .put({{"branch", "tocsin"},
            {"goarch", "amd64"},
            {"goos", "linux"},
            {"goversion", "none"},
            {"revision", revision()},
            {"tags", "unknown"},
            {"version", version()}},
           1);
  page.end();
  build_info_ = page.share();
}

void Agent::add_routes() {
  using net::HttpRequest;
  using Captures = net::HttpRouter::Captures;
  const std::string& path = flags_.telemetry_path;
  router_.add("GET", path, [this](HttpRequest request, Captures) {
    std::string accept(request.headers.get("Accept"));
    return endpoint_.serve(std::move(accept), all_pages(std::move(request)));
  });
  if (path != "/") {
    router_.add("GET", "/", [this](HttpRequest, Captures) { return landing_page(); });
    router_.add("GET", path + "/{source}", [this](HttpRequest request, Captures names) {
      if (!gatherer_.has(names[0])) return plain(404, fmt::format("nothing is asked by the name {}\n", names[0]));
      std::string accept(request.headers.get("Accept"));
      return parts_.serve(std::move(accept), pages_of(std::move(names[0]), std::move(request)));
    });
  }
  router_.add("GET", "/{kind}", [this](HttpRequest request, Captures names) {
    return originals_.serve(std::move(names[0]), "/", &parts_, std::move(request));
  });
  router_.add("GET", "/{kind}/{path}", [this](HttpRequest request, Captures names) {
    return originals_.serve(std::move(names[0]), "/" + names[1], &parts_, std::move(request));
  });
  router_.add("GET", "/-/healthy", [](HttpRequest, Captures) { return plain(200, "tocsin-agent is healthy.\n"); });
  router_.add("GET", "/-/ready", [](HttpRequest, Captures) { return plain(200, "tocsin-agent is ready.\n"); });
  router_.add("POST,PUT", "/-/reload", [this](HttpRequest, Captures) {
    return flags_.enable_lifecycle ? reload_now() : plain(403, "Lifecycle API is not enabled.\n");
  });
  add_health_routes();
}

void Agent::add_health_routes() {
  using net::HttpRequest;
  using Captures = net::HttpRouter::Captures;
  using Parts = HealthCheck::Parts;
  const auto add = [this](std::string_view path, Parts parts, HealthBody (*body)(const HealthReport&)) {
    router_.add("GET", path, [this, parts, body](HttpRequest, Captures) { return health(parts, body); });
  };
  add("/health", Parts::kAll, health_summary);
  add("/health/detailed", Parts::kAll, health_details);
  add("/health/system", Parts::kSystem, health_of_system);
  add("/health/database", Parts::kDatabases, health_of_databases);
  add("/api/v1/monitoring/database/health", Parts::kDatabases, health_of_databases);
  // Of the agent itself: a database that is down is no reason to restart it.
  add("/health/live", Parts::kNone, health_of_agent);
  router_.add("GET", "/health/ready", [this](HttpRequest, Captures) {
    return draining_ ? plain(503, "{\"status\":\"unhealthy\"}\n") : health(Parts::kNone, health_of_agent);
  });
}

net::Task<net::HttpResponse> Agent::health(HealthCheck::Parts parts, HealthBody (*body)(const HealthReport&)) {
  co_return health_answer(body(co_await health_.report(parts)));
}

net::Task<net::HttpResponse> Agent::landing_page() {
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>tocsin-agent</title>"
      "<h1>tocsin-agent</h1><p>{}</p><ul><li><a href=\"{}\">Metrics</a></li>",
      html_escaped(version_text("tocsin-agent")), html_escaped(flags_.telemetry_path));
  for (const RunningSource& source : sources_.running())
    page += fmt::format("<li><a href=\"/{0}\">{0}</a></li>", source.section.info.kind);
  page +=
      "<li><a href=\"/health/detailed\">Health</a></li><li><a href=\"/-/healthy\">Healthy</a></li>"
      "<li><a href=\"/-/ready\">Ready</a></li></ul></html>\n";
  co_return net::HttpResponse(200, "text/html; charset=utf-8", std::move(page));
}

Result<std::unique_ptr<Agent>> Agent::start(net::Runtime& runtime, const Flags& flags, Fs& fs,
                                            std::vector<exporters::SourceInfo> kinds) {
  std::unique_ptr<Agent> agent(new Agent(runtime, flags, fs, std::move(kinds)));
  if (auto opened = agent->open(); !opened) {
    agent->close();
    return fail(std::move(opened).error());
  }
  return agent;
}

Result<void> Agent::open() {
  TOCSIN_TRY(Prepared prepared, prepare(fs_, flags_, kinds_, {}, true));
  TOCSIN_OK(apply(std::move(prepared)));
  web::ServerOptions options;
  options.listen_addresses = flags_.listen_addresses;
  options.systemd_socket = flags_.systemd_socket;
  options.config_file = flags_.web_config_file;
  options.access_log = flags_.access_log;
  options.max_connections = flags_.max_connections;
  options.max_body_bytes = 64U << 10U;
  TOCSIN_TRY(server_,
             web::Server::start(runtime_.loop(), runtime_.work(), fs_, std::move(options),
                                [this](net::HttpRequest request) { return router_.handle(std::move(request)); }));
  return {};
}

net::Task<Result<Pages>> Agent::all_pages(net::HttpRequest request) {
  if (scrapes_ < kWarmUp && ++scrapes_ == kWarmUp) release_startup_memory();
  const auto only = request.all_params("collect[]"), without = request.all_params("exclude[]");
  if (!only.empty() && !without.empty()) {
    co_return fail(Errc::kInvalid, "Combined collect and exclude queries are not allowed.");
  }
  for (const std::string& name : only) {
    if (!gatherer_.has(name)) co_return fail(Errc::kInvalid, "missing or disabled collector: {}", name);
  }
  Gathered gathered = co_await gatherer_.gather({{only.begin(), only.end()}, {without.begin(), without.end()}},
                                                scrape_limit(request, kNoLimit));
  gathered.pages.push_back(gatherer_.about(gathered, false));
  if (gatherer_.has(kNode)) gathered.pages.push_back(build_info_);
  if (only.empty()) gathered.pages.push_back(custom_.render());
  co_return std::move(gathered.pages);
}

/// What is asked under one name, and what there is to say of it.
net::Task<Result<Pages>> Agent::pages_of(std::string name, net::HttpRequest request) {
  Gathered gathered = co_await gatherer_.gather({{name}, {}}, scrape_limit(request, kNoLimit));
  gathered.pages.push_back(gatherer_.about(gathered, false));
  if (name == kNode) gathered.pages.push_back(build_info_);
  co_return std::move(gathered.pages);
}

net::Task<void> Agent::drain(Duration limit) {
  draining_ = true;
  co_await listeners_.drain(limit);
  co_await server_->drain(limit);
}

void Agent::close() {
  if (server_) server_->close();
  listeners_.close();
  anchor_->close();
  gatherer_.set_collectors({});
  gatherer_.set_targets({});
  sources_.close();
}

namespace {

net::Task<void> shut_down(net::Runtime* runtime, Agent* agent) {
  co_await agent->drain(std::chrono::seconds(5));
  log::info("agent", "See you next time!");
  runtime->stop();
}

net::Task<void> reload_for_signal(Agent* agent) {
  static_cast<void>(co_await agent->reload());  // it has logged what was wrong
}

}  // namespace

int run(int argc, const char* const* argv, const Collectables& custom) {
  const auto flags = parse_flags(argc, argv);
  if (!flags) return flags.error();
  log::setup(flags->log_level, flags->log_format);
  log::info("agent", "starting", {{"version", version()}, {"revision", revision()}});
  for (const std::string& warning : flags->warnings) log::warn("agent", warning);
  net::RuntimeOptions options;
  options.work_threads = 1;
  auto runtime = net::make_runtime(options);
  const auto kinds = known_sources();
  auto started = Agent::start(*runtime, *flags, posix_fs(), {kinds.begin(), kinds.end()});
  if (!started) {
    log::error("agent", "cannot start", {{"err", started.error().message}});
    return 1;
  }
  const std::unique_ptr<Agent> agent = std::move(*started);
  for (const auto& collectable : custom) agent->add(collectable);
  for (const int signal : {SIGINT, SIGTERM}) {
    runtime->on_signal(signal, [&runtime, agent = agent.get(), stopping = std::make_shared<bool>(false)] {
      if (std::exchange(*stopping, true)) return;
      log::info("agent", "received a signal, exiting gracefully");
      runtime->loop().spawn("shut down", shut_down(runtime.get(), agent));
    });
  }
  runtime->on_signal(SIGHUP, [&runtime, agent = agent.get()] {
    agent->reopen_access_log();
    runtime->loop().spawn("reload", reload_for_signal(agent));
  });
  runtime->run();
  agent->close();
  runtime.reset();
  return 0;
}

}  // namespace tocsin::agent
