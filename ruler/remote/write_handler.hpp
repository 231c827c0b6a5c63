#pragma once
// POST /api/v1/write: takes what others send by remote write, 1.0 and 2.0.
// Source: Prometheus storage/remote/write_handler.go, client_golang exp/api/remote; the specifications "Prometheus
// Remote-Write 1.0" and "2.0".

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "net/http.hpp"
#include "remote/appender_pool.hpp"
#include "remote/gate.hpp"
#include "remote/write_job.hpp"

namespace tocsin::remote {

struct WriteOptions {
  bool accept_v1 = true, accept_v2 = true;
  /// Requests that are worked on at once; one worker is to stay free for scrapes and rules.
  std::size_t max_concurrency = 1;
  std::size_t max_waiting = 1'000;  // beyond: 503
  std::size_t max_body_bytes = 32U << 20U;
  std::size_t max_decoded_bytes = 32U << 20U;
  std::size_t max_senders = 64;               // that keep an appender of their own
  std::size_t max_cached_series = 2'000'000;  // of which it is remembered which they are; 0: of none
  bool type_and_unit_labels = false;          // of 2.0, as WriteJobOptions has them
  bool metadata = false;
  std::function<bool()> takes_late;  // whether the store has an out-of-order window; empty: it has none
};

struct WriteStats {
  std::uint64_t requests = 0, requests_refused = 0, requests_failed = 0;  // refused: 4xx, failed: 5xx
  WriteCounts written;
  std::uint64_t samples_refused = 0, samples_with_invalid_labels = 0;
  std::uint64_t bytes = 0;
  std::size_t running = 0, waiting = 0;
  std::size_t cached_series = 0;
};

/// Lives as long as the router whose handlers use it; the store outlives it. Thread: the loop's.
class WriteHandler {
 public:
  WriteHandler(net::TaskLoop& loop, WorkPool& work, storage::Appendable& store, WriteOptions options);

  void add_to(net::HttpRouter& router);
  WriteStats stats() const;

 private:
  net::Task<net::HttpResponse> write(net::HttpRequest request);
  net::Task<net::HttpResponse> store(net::HttpRequest request, wire::WriteVersion version);
  net::HttpResponse answer(wire::WriteVersion version, const WriteOutcome& outcome);

  net::TaskLoop& loop_;
  WorkPool& work_;
  const WriteOptions options_;
  AppenderPool appenders_;
  const std::unique_ptr<RefCache> cache_;  // of all senders; null: none
  Gate gate_;
  WriteStats stats_;
};

/// Answers as a Prometheus without --web.enable-remote-write-receiver.
void add_closed_write_handler(net::HttpRouter& router);

}  // namespace tocsin::remote
