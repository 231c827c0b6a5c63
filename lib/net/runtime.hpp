#pragma once
// The threads of a process: one loop, the work lanes, and what is made on them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/helpers.hpp"
#include "net/http.hpp"
#include "net/resolver.hpp"

namespace tocsin::net {

struct RuntimeOptions {
  unsigned work_threads = 0;   // 0: max(2, cores)
  unsigned query_threads = 0;  // of the query lane alone, started when needed; 0: the lane shares the work threads
};

struct RuntimeStats {
  double loop_lag_seconds_max = 0;  // longest wait of a posted job or due timer since the last look
  std::uint64_t task_failures = 0;
  std::map<std::string, std::uint64_t> task_failures_by_name;  // of spawn()
  std::size_t queued_jobs[3] = {0, 0, 0};                      // per lane
  std::uint64_t helper_jobs = 0;                               // that idle cores took on
};

/// Owns the loop's io_context, the worker threads and the signal handlers. Made and run by main; run() is the loop.
/// Thread: construction, run() and destruction on one, which is the loop's; stop(), stats(), post() and lane() from
/// any. Tasks that still wait are destroyed with the runtime, after everything that run() returned to: what they use
/// must live as long, or be held by them.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual TaskLoop& loop() = 0;
  virtual WorkPool& work() = 0;
  /// Idle cores: while fewer jobs of the lanes are at work than there are cores. Threads of the lowest priority.
  virtual Helpers& helpers() = 0;
  /// Runs the loop until stop(); returns when the workers have ended too. Their waiting jobs are dropped.
  virtual void run() = 0;
  virtual void stop() = 0;
  /// Calls on the loop's thread for each signal received (SIGINT, SIGTERM, SIGHUP). Replaces an earlier handler.
  virtual void on_signal(int signal, std::function<void()> handler) = 0;
  virtual RuntimeStats stats() = 0;
};

/// Ignores SIGPIPE in the whole process: a peer that went away is an error of the write, not a death.
std::unique_ptr<Runtime> make_runtime(RuntimeOptions options);

struct HttpClientOptions {
  std::string user_agent = "tocsin";
  std::size_t max_idle_per_host = 2;
  Duration idle_timeout = std::chrono::minutes(5);
  WorkPool* work = nullptr;            // decompresses large bodies there (scrape lane); nullptr: on the loop
  std::shared_ptr<Resolver> resolver;  // nullptr: the system's
};
std::unique_ptr<HttpClient> make_http_client(TaskLoop& loop, HttpClientOptions options);

/// Binds and listens; kIo with the address if it cannot ("listen tcp 127.0.0.1:9090: bind: address already in use").
Result<std::unique_ptr<HttpServer>> make_http_server(TaskLoop& loop, HttpServerOptions options, HttpHandler handler);

}  // namespace tocsin::net
