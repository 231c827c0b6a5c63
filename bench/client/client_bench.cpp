// What one request costs the loop's thread, which sends a scrape of a small page one after the other: by lib/net alone,
// by a configured client, over TLS that is kept, and over TLS that shakes hands each time, on a lane or on the loop.
// The servers have threads of their own; only the loop's CPU time counts.

#include <ctime>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "base/fs.hpp"
#include "client/client.hpp"
#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/runtime_thread.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_imposter.hpp"

namespace {

using namespace tocsin;

constexpr int kRequests = 200;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// CPU seconds of the loop's thread for kRequests; -1 if one fails.
net::Task<double> send_all(net::HttpClient* client, std::string url, std::shared_ptr<const net::TlsOptions> tls) {
  const double before = cpu_seconds();
  for (int i = 0; i < kRequests; ++i) {
    net::HttpRequest request("GET", url);
    request.headers.set("Accept", "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
    request.headers.set("X-Prometheus-Scrape-Timeout-Seconds", "10");
    net::SendOptions options;
    options.tls = tls;
    const auto response = co_await client->send(std::move(request), std::move(options));
    if (!response || response->status != 200) co_return -1;
  }
  co_return cpu_seconds() - before;
}

class Bench {
 public:
  explicit Bench(bool keep_connections = true, bool use_lane = true) {
    imposter_.when("GET", "*", test::Imposter::answer(200, std::string(1000, 'x')));
    thread_.call([&] {
      net::HttpClientOptions options;
      if (!keep_connections) options.max_idle_per_host = 0;
      if (use_lane) options.work = &thread_.runtime().work();
      plain_ = net::make_http_client(thread_.loop(), options);
    });
  }
  ~Bench() {
    thread_.call([this] {
      configured_.reset();
      plain_.reset();
    });
  }
  void configure(config::HttpClientConfig config) {
    thread_.call([&] {
      configured_ =
          client::make_client(std::move(config), {thread_.loop(), thread_.runtime().work(), *plain_, posix_fs()});
    });
  }
  std::string url() const { return imposter_.url("/metrics"); }
  std::uint16_t port() const { return imposter_.port(); }

  void run(benchmark::State& state, const std::string& url, std::shared_ptr<const net::TlsOptions> tls = nullptr) {
    net::HttpClient* const client = configured_ ? configured_.get() : plain_.get();

    for (auto _ : state) {
      const double seconds = thread_.run<double>([&]() -> net::Task<double> { return send_all(client, url, tls); });
      if (seconds < 0) {
        state.SkipWithError("a request failed");
        return;
      }
      state.SetIterationTime(seconds / kRequests);
    }
  }

 private:
  test::Imposter imposter_;
  test::RuntimeThread thread_{2};
  std::unique_ptr<net::HttpClient> plain_;
  std::shared_ptr<net::HttpClient> configured_;
};

void net_alone(benchmark::State& state) {
  Bench bench;
  bench.run(state, bench.url());
}

void configured_empty(benchmark::State& state) {
  Bench bench;
  bench.configure({});
  bench.run(state, bench.url());
}

void configured_password(benchmark::State& state) {
  Bench bench;
  config::HttpClientConfig config;
  config.has_basic_auth = true;
  config.username = "me";
  config.password = Secret("secret");
  config.http_headers = {{"X-Tenant", {"a"}, {}, {}}};
  bench.configure(config);
  bench.run(state, bench.url());
}

void configured_token_file(benchmark::State& state) {
  const test::TempDir folder;
  Bench bench;
  config::HttpClientConfig config;
  config.has_authorization = true;
  config.authorization_credentials_file = folder.write("token", "secret");
  bench.configure(config);
  bench.run(state, bench.url());
}

void tls(benchmark::State& state, bool keep, bool lane) {
  const test::Identity identity("IP:127.0.0.1", 3600);
  Bench bench(keep, lane);
  const test::TlsImposter server(identity, {.forward_to = bench.port()});
  auto options = std::make_shared<net::TlsOptions>();
  options->ca_pem = identity.cert_pem();
  bench.run(state, server.url("/metrics"), options);
}

BENCHMARK(net_alone)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);
BENCHMARK(configured_empty)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);
BENCHMARK(configured_password)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);
BENCHMARK(configured_token_file)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);
BENCHMARK_CAPTURE(tls, kept, true, true)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(20);
BENCHMARK_CAPTURE(tls, handshake_on_a_lane, false, true)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(3);
BENCHMARK_CAPTURE(tls, handshake_on_the_loop, false, false)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(3);

}  // namespace
