#include "agent/agent.hpp"

#include <algorithm>
#include <csignal>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "base/float_text.hpp"
#include "base/version.hpp"

namespace tocsin::agent {
namespace {

constexpr std::string_view kTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds";
constexpr Duration kAnswerTime = std::chrono::milliseconds(250);  // kept back from the scraper's timeout

/// How long this scraper waits for the collectors.
Duration limit_of(const net::HttpRequest& request, Duration otherwise) {
  double seconds = 0;
  if (!parse_float(request.headers.get(kTimeoutHeader), seconds) || !(seconds > 0) || seconds > 3600) return otherwise;
  const Duration limit(static_cast<std::int64_t>(seconds * 1e9));
  return std::max(limit - kAnswerTime, limit / 2);
}

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

net::Task<net::HttpResponse> plain(std::string text) {
  co_return net::HttpResponse(200, "text/plain; charset=utf-8", std::move(text));
}

}  // namespace

Agent::Agent(net::Runtime& runtime, const Flags& flags, exporters::Collectors collectors, Fs& fs)
    : flags_(flags),
      gatherer_(runtime.loop(), std::move(collectors),
                GatherOptions{flags.collector_deadline, std::chrono::milliseconds(500)}),
      requests_(prometheus::BuildCounter()
                    .Name("promhttp_metric_handler_requests_total")
                    .Help("Total number of scrapes by HTTP status code.")
                    .Register(registry_.families())),
      in_flight_gauge_(prometheus::BuildGauge()
                           .Name("promhttp_metric_handler_requests_in_flight")
                           .Help("Current number of scrapes being served.")
                           .Register(registry_.families())
                           .Add({})) {
  registry_.add(telemetry::make_process_probe(fs, flags.node.procfs));
  registry_.add([&runtime](telemetry::Sink& sink) {
    const net::RuntimeStats stats = runtime.stats();
    sink.gauge("tocsin_loop_lag_seconds", "Longest wait of a job or timer of the event loop since the last scrape.",
               stats.loop_lag_seconds_max);
    sink.counter("tocsin_task_failures_total", "Tasks that ended with a defect.",
                 static_cast<double>(stats.task_failures));
  });
  registry_.add([this](telemetry::Sink& sink) {
    if (server_) server_->put_metrics(sink);
  });
  add_build_info();
  add_routes();
}

void Agent::add_build_info() {
  build_page_.begin();
  build_page_
      .family("node_exporter_build_info",
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
  build_page_.end();
  auto page = std::make_shared<expo::RenderedPage>();
  build_page_.render(*page);
  build_info_ = std::move(page);
}

void Agent::add_routes() {
  using Captures = net::HttpRouter::Captures;
  router_.add("GET", flags_.telemetry_path,
              [this](net::HttpRequest request, Captures) { return metrics(std::move(request)); });
  if (flags_.telemetry_path != "/") {
    router_.add("GET", "/", [path = flags_.telemetry_path](net::HttpRequest, Captures) { return landing_page(path); });
  }
  router_.add("GET", "/-/healthy", [](net::HttpRequest, Captures) { return plain("tocsin-agent is healthy.\n"); });
  router_.add("GET", "/-/ready", [](net::HttpRequest, Captures) { return plain("tocsin-agent is ready.\n"); });
}

Result<std::unique_ptr<Agent>> Agent::start(net::Runtime& runtime, const Flags& flags, Fs& fs) {
  TOCSIN_TRY(auto collectors, exporters::node::make_collectors(flags.node, fs, system_clock()));
  std::unique_ptr<Agent> agent(new Agent(runtime, flags, std::move(collectors), fs));
  web::ServerOptions options;
  options.listen_addresses = flags.listen_addresses;
  options.systemd_socket = flags.systemd_socket;
  options.config_file = flags.web_config_file;
  options.access_log = flags.access_log;
  options.max_connections = flags.max_connections;
  options.max_body_bytes = 64U << 10U;
  TOCSIN_TRY(agent->server_, web::Server::start(runtime.loop(), runtime.work(), fs, std::move(options),
                                                [self = agent.get()](net::HttpRequest request) {
                                                  return self->router_.handle(std::move(request));
                                                }));
  return agent;
}

/// Counts the request and keeps the number of parallel ones in bounds.
net::Task<net::HttpResponse> Agent::metrics(net::HttpRequest request) {
  if (flags_.max_requests != 0 && in_flight_ >= flags_.max_requests) {
    requests_.Add({{"code", "503"}}).Increment();
    co_return net::HttpResponse(
        503, "text/plain; charset=utf-8",
        fmt::format("Limit of concurrent requests reached ({}), try again later.\n", flags_.max_requests));
  }
  struct Counted {
    explicit Counted(Agent& a) : agent(a) { agent.in_flight_gauge_.Set(static_cast<double>(++agent.in_flight_)); }
    ~Counted() { agent.in_flight_gauge_.Set(static_cast<double>(--agent.in_flight_)); }
    Agent& agent;
  };
  const Counted counted(*this);
  net::HttpResponse response = co_await gather_page(std::move(request));
  requests_.Add({{"code", fmt::format("{}", response.status)}}).Increment();
  co_return response;
}

net::Task<net::HttpResponse> Agent::gather_page(net::HttpRequest request) {
  const auto only = request.all_params("collect[]"), without = request.all_params("exclude[]");
  if (!only.empty() && !without.empty()) {
    co_return net::HttpResponse(400, "text/plain; charset=utf-8",
                                "Combined collect and exclude queries are not allowed.\n");
  }
  std::set<std::string> wanted(only.begin(), only.end());
  for (const std::string& name : only) {
    if (!gatherer_.has(name)) {
      co_return net::HttpResponse(400, "text/plain; charset=utf-8",
                                  fmt::format("missing or disabled collector: {}\n", name));
    }
  }
  if (!without.empty()) {
    for (std::string& name : gatherer_.names()) wanted.insert(std::move(name));
    for (const std::string& name : without) wanted.erase(name);
  }
  auto pages = co_await gatherer_.gather(std::move(wanted), limit_of(request, flags_.collector_deadline));
  pages.push_back(build_info_);
  if (!flags_.disable_exporter_metrics) pages.push_back(registry_.render());
  std::vector<const expo::RenderedPage*> views;
  std::size_t size = 0;
  for (const auto& page : pages) {
    views.push_back(page.get());
    size += page->text.size();
  }
  std::string text;
  text.reserve(size);
  expo::append_merged(text, views);
  co_return net::HttpResponse(200, expo::kTextContentType, std::move(text));
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
  auto started = Agent::start(*runtime, *flags, posix_fs());
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
