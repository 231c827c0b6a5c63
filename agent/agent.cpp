#include "agent/agent.hpp"

#include <csignal>

#include "agent/sources.hpp"
#include "base/version.hpp"

namespace tocsin::agent {
namespace {

/// Without a word of the scraper, each deadline holds for itself.
constexpr Duration kNoLimit = std::chrono::hours(1);

/// Probes that run at once; each may hold a connection and a thread.
constexpr std::size_t kMaxProbes = 64;

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

net::Task<net::HttpResponse> landing_page(std::string metrics_path) {
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>tocsin-agent</title>"
      "<h1>tocsin-agent</h1><p>{}</p><ul><li><a href=\"{}\">Metrics</a></li><li><a href=\"/-/healthy\">Healthy</a></li>"
      "<li><a href=\"/-/ready\">Ready</a></li></ul></html>\n",
      html_escaped(version_text("tocsin-agent")), html_escaped(metrics_path));
  co_return net::HttpResponse(200, "text/html; charset=utf-8", std::move(page));
}

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
      endpoint_(fs, endpoint_options(flags)),
      originals_(fs, endpoint_options(flags)) {
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
  auto rendered = std::make_shared<expo::RenderedPage>();
  page.render(*rendered);
  build_info_ = std::move(rendered);
}

void Agent::add_routes() {
  using net::HttpRequest;
  using Captures = net::HttpRouter::Captures;
  const std::string& path = flags_.telemetry_path;
  router_.add("GET", path,
              [this](HttpRequest request, Captures) { return endpoint_.serve(all_pages(std::move(request))); });
  if (path != "/") {
    router_.add("GET", "/", [path](HttpRequest, Captures) { return landing_page(path); });
    router_.add("GET", path + "/{source}", [this](HttpRequest request, Captures names) {
      if (!gatherer_.has(names[0])) return plain(404, fmt::format("nothing is asked by the name {}\n", names[0]));
      return originals_.serve(pages_of(std::move(names[0]), std::move(request)));
    });
  }
  router_.add("GET", "/{kind}/{path}", [this](HttpRequest request, Captures names) {
    return below_kind(std::move(request), std::move(names[0]), "/" + names[1]);
  });
  router_.add("GET", "/-/healthy", [](HttpRequest, Captures) { return plain(200, "tocsin-agent is healthy.\n"); });
  router_.add("GET", "/-/ready", [](HttpRequest, Captures) { return plain(200, "tocsin-agent is ready.\n"); });
}

Result<std::unique_ptr<Agent>> Agent::start(net::Runtime& runtime, const Flags& flags, Fs& fs,
                                            std::vector<exporters::SourceInfo> kinds) {
  std::unique_ptr<Agent> agent(new Agent(runtime, flags, fs, std::move(kinds)));
  if (auto configured = agent->configure(); !configured) {
    agent->close();
    return fail(std::move(configured).error());
  }
  web::ServerOptions options;
  options.listen_addresses = flags.listen_addresses;
  options.systemd_socket = flags.systemd_socket;
  options.config_file = flags.web_config_file;
  options.access_log = flags.access_log;
  options.max_connections = flags.max_connections;
  options.max_body_bytes = 64U << 10U;
  auto server = web::Server::start(
      runtime.loop(), runtime.work(), fs, std::move(options),
      [self = agent.get()](net::HttpRequest request) { return self->router_.handle(std::move(request)); });
  if (!server) {
    agent->close();
    return fail(std::move(server).error());
  }
  agent->server_ = std::move(*server);
  return agent;
}

Result<void> Agent::configure() {
  AgentConfig config;
  config.node = flags_.node;
  if (!flags_.config_file.empty()) {
    TOCSIN_TRY(config, read_config(fs_, flags_.config_file, flags_.node, kinds_));
  }
  for (const std::string& warning : config.warnings) log::warn("agent", warning);
  exporters::Collectors collectors;
  if (config.node_enabled) {
    TOCSIN_TRY(collectors, exporters::node::make_collectors(config.node, fs_, system_clock()));
  }
  TOCSIN_TRY(auto sources, sources_.prepare(std::move(config.sources)));
  sources_.commit(std::move(sources));
  gatherer_.set_collectors(std::move(collectors));
  std::vector<std::shared_ptr<Asked>> targets;
  for (const RunningSource& source : sources_.running()) {
    targets.insert(targets.end(), source.targets.begin(), source.targets.end());
  }
  gatherer_.set_targets(std::move(targets));
  return {};
}

net::Task<Result<Pages>> Agent::all_pages(net::HttpRequest request) {
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
  co_return std::move(gathered.pages);
}

/// What is asked under one name, and what there is to say of it.
net::Task<Result<Pages>> Agent::pages_of(std::string name, net::HttpRequest request) {
  Gathered gathered = co_await gatherer_.gather({{name}, {}}, scrape_limit(request, kNoLimit));
  gathered.pages.push_back(gatherer_.about(gathered, false));
  if (name == kNode) gathered.pages.push_back(build_info_);
  co_return std::move(gathered.pages);
}

/// As the exporter of that kind serves it.
net::Task<Result<Pages>> Agent::original_pages(std::string kind, net::HttpRequest request) {
  Gathered gathered = co_await gatherer_.gather({{kind}, {}}, scrape_limit(request, kNoLimit));
  gathered.pages.push_back(gatherer_.about(gathered, true));
  co_return std::move(gathered.pages);
}

net::Task<net::HttpResponse> Agent::below_kind(net::HttpRequest request, std::string kind, std::string rest) {
  const RunningSource* found = sources_.find(kind);
  if (found != nullptr && rest == "/metrics") {
    return originals_.serve(original_pages(std::move(kind), std::move(request)));
  }
  if (found != nullptr && rest == found->source->probe_path()) return prober_.probe(found->source, std::move(request));
  return plain(404, "404 page not found\n");
}

void Agent::close() {
  if (server_) server_->close();
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

}  // namespace

int run(int argc, const char* const* argv) {
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
  for (const int signal : {SIGINT, SIGTERM}) {
    runtime->on_signal(signal, [&runtime, agent = agent.get(), stopping = std::make_shared<bool>(false)] {
      if (std::exchange(*stopping, true)) return;
      log::info("agent", "received a signal, exiting gracefully");
      runtime->loop().spawn("shut down", shut_down(runtime.get(), agent));
    });
  }
  runtime->on_signal(SIGHUP, [agent = agent.get()] { agent->reopen_access_log(); });
  runtime->run();
  agent->close();
  runtime.reset();
  return 0;
}

}  // namespace tocsin::agent
