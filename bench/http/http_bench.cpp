// What one request costs the server's process: CPU time of all its threads but the client's, which is this one.
// The client keeps N connections and asks on all of them before it reads the answers.

#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>

#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"
#include "telemetry/registry.hpp"
#include "web/exposition.hpp"

namespace {

using namespace tocsin;
using test::RawSocket;

double cpu_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double server_cpu_seconds() {
  return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
}

/// 1,500 counters: about 100 KB of text.
void register_counters(prometheus::Registry& registry) {
  auto& family = prometheus::BuildCounter().Name("http_requests_total").Help("Requests.").Register(registry);
  for (int i = 0; i < 1500; ++i) {
    family.Add({{"path", "/api/v1/item/" + std::to_string(i)}, {"status", "200"}}).Increment(i * 1.5);
  }
}

net::Task<net::HttpResponse> answer_page(std::shared_ptr<const std::string> page) {
  co_return net::HttpResponse(200, "text/plain; version=0.0.4; charset=utf-8", page);
}

net::Task<net::HttpResponse> answer_registry(telemetry::Registry* registry) {
  const auto page = registry->render();
  co_return net::HttpResponse(200, expo::kTextContentType, std::shared_ptr<const std::string>(page, &page->text));
}

/// Fifty pages of 30 series, about 100 KB in all, as the agent's collectors make them.
class Collected {
 public:
  Collected() : pages_(50) {
    for (int i = 0; i < 1500; ++i) paths_.push_back("/api/v1/item/" + std::to_string(i));
    collect();
  }
  /// A round of the collectors: every value is put, every page rendered.
  void collect() {
    ++round_;
    rendered_.clear();
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      expo::Page& page = pages_[i];
      page.begin();
      for (std::size_t j = 0; j < 30; ++j) {
        auto& family = page.family(names_[i][j / 10], "Requests.", model::MetricType::kCounter);
        family.put({{"path", paths_[i * 30 + j]}, {"status", "200"}}, static_cast<double>(i * j + round_) * 1.5);
      }
      page.end();
      auto rendered = std::make_shared<expo::RenderedPage>();
      page.render(*rendered);
      rendered_.push_back(std::move(rendered));
    }
  }
  net::Task<net::HttpResponse> answer(net::HttpRequest request, bool anew) {
    if (anew) collect();
    co_return web::expose(request.headers.get("Accept"), rendered_, order_);
  }

 private:
  std::vector<expo::Page> pages_;
  const std::vector<std::array<std::string, 3>> names_ = [] {
    std::vector<std::array<std::string, 3>> names;
    for (int i = 0; i < 50; ++i) {
      const std::string stem = "http_requests_" + std::to_string(i * 37 % 50);
      names.push_back({stem + "_a_total", stem + "_b_total", stem + "_c_total"});
    }
    return names;
  }();
  std::vector<std::string> paths_;
  std::vector<std::shared_ptr<const expo::RenderedPage>> rendered_;
  expo::MergeOrder order_;
  std::size_t round_ = 0;
};

/// A server on its own loop; `work` compresses on a lane, as the programs do.
class Server {
 public:
  explicit Server(net::HttpHandler handler) {
    net::HttpServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.work = &thread_.runtime().work();
    server_ = thread_.call([&] { return net::make_http_server(thread_.loop(), options, std::move(handler)).value(); });
  }
  ~Server() {
    thread_.call([this] { server_.reset(); });
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  test::RuntimeThread thread_{2};
  std::unique_ptr<net::HttpServer> server_;
};

constexpr std::string_view kText = "text/plain";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text;version=1.0.0";
constexpr std::string_view kProtobuf =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

std::string request_text(std::string_view encoding, std::string_view accept = kText) {
  return fmt::format(
      "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Prometheus/3\r\nAccept: {}\r\n"
      "Accept-Encoding: {}\r\n\r\n",
      accept, encoding);
}

/// "per_request" is CPU seconds of the server's process.
void report(benchmark::State& state, double requests_per_iteration, double bytes) {
  const double requests = static_cast<double>(state.iterations()) * requests_per_iteration;
  state.counters["per_request"] =
      benchmark::Counter(requests, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["body"] = bytes / requests;
}

void ask(benchmark::State& state, std::uint16_t port, const std::string& request) {
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < state.range(0); ++i) sockets.push_back(std::make_unique<RawSocket>(port));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const double before = server_cpu_seconds();
    for (auto& socket : sockets) socket->send(request);
    for (auto& socket : sockets) bytes += test::read_response(*socket).body.size();
    state.SetIterationTime(server_cpu_seconds() - before);
  }
  report(state, static_cast<double>(state.range(0)), static_cast<double>(bytes));
}

void prerendered(benchmark::State& state) {
  const auto page = std::make_shared<const std::string>(static_cast<std::size_t>(state.range(1)), 'x');
  const Server server([page](net::HttpRequest) { return answer_page(page); });
  ask(state, server.port(), request_text("identity"));
}
BENCHMARK(prerendered)
    ->Args({1, 1000})
    ->Args({32, 1000})
    ->Args({1, 100000})
    ->Args({32, 100000})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

/// The agent's /metrics from the request to the socket. `anew`: with what the collectors do after they have their
/// values.
void pages(benchmark::State& state, std::string_view accept, std::string_view encoding, bool anew) {
  Collected collected;
  const Server server([&](net::HttpRequest request) { return collected.answer(std::move(request), anew); });
  ask(state, server.port(), request_text(encoding, accept));
}
BENCHMARK_CAPTURE(pages, text, kText, "identity", false)->Arg(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pages, text_anew, kText, "identity", true)->Arg(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pages, text_gzip, kText, "gzip", false)->Arg(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pages, text_zstd, kText, "zstd", false)->Arg(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pages, openmetrics, kOpenMetrics, "identity", false)
    ->Arg(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pages, protobuf, kProtobuf, "identity", false)
    ->Arg(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

void registry(benchmark::State& state, bool gzip) {
  telemetry::Registry metrics;
  register_counters(metrics.families());
  const Server server([&metrics](net::HttpRequest) { return answer_registry(&metrics); });
  ask(state, server.port(), request_text(gzip ? "gzip" : "identity"));
}
BENCHMARK_CAPTURE(registry, plain, false)->Arg(1)->Arg(32)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(registry, gzip, true)->Arg(1)->Arg(32)->UseManualTime()->Unit(benchmark::kMicrosecond);

/// The peer on the same counters: prometheus-cpp's own server, which ends each connection.
void exposer(benchmark::State& state, bool gzip) {
  prometheus::Exposer peer("127.0.0.1:0");
  auto counters = std::make_shared<prometheus::Registry>();
  register_counters(*counters);
  peer.RegisterCollectable(counters);
  const auto port = static_cast<std::uint16_t>(peer.GetListeningPorts().at(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const double before = server_cpu_seconds();
    RawSocket socket(port);
    socket.send(request_text(gzip ? "gzip" : "identity"));
    bytes += test::read_response(socket).body.size();
    state.SetIterationTime(server_cpu_seconds() - before);
  }
  report(state, 1, static_cast<double>(bytes));
}
BENCHMARK_CAPTURE(exposer, plain, false)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(exposer, gzip, true)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
