#pragma once
// POST /api/v1/read: gives samples to those who read from afar, as samples or as chunks in a stream.
// Source: Prometheus storage/remote/read_handler.go, codec.go.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "net/http.hpp"
#include "remote/gate.hpp"
#include "remote/read_job.hpp"

namespace tocsin::remote {

struct ReadOptions {
  std::size_t sample_limit = 50'000'000;     // --storage.remote.read-sample-limit
  std::size_t concurrent_limit = 10;         // --storage.remote.read-concurrent-limit; 0: none
  std::size_t max_bytes_in_frame = 1 << 20;  // --storage.remote.read-max-bytes-in-frame
  std::size_t max_answer_bytes = 512U << 20U;
  std::size_t max_decoded_bytes = 32U << 20U;  // of a request
};

struct ReadStats {
  std::uint64_t requests = 0, failures = 0;
  std::uint64_t streams_cut = 0;  // ended before all was told: the reader went, or an error
  std::size_t queries = 0;        // that run or wait
};

/// Lives as long as the router whose handlers use it; the store outlives it. Thread: the loop's.
class ReadHandler {
 public:
  /// @param external  the labels that are added to each series.
  ReadHandler(net::TaskLoop& loop, WorkPool& work, storage::Queryable& store, std::function<model::Labels()> external,
              ReadOptions options);
  ~ReadHandler();
  ReadHandler(const ReadHandler&) = delete;
  ReadHandler& operator=(const ReadHandler&) = delete;

  void add_to(net::HttpRouter& router);
  ReadStats stats() const;

 private:
  struct Reading;
  using ReadingPtr = std::shared_ptr<Reading>;
  net::Task<net::HttpResponse> read(net::HttpRequest request);
  Result<std::shared_ptr<ReadJob>> make_job(std::string_view body, const model::Labels& external) const;
  net::Task<Result<ReadJob::Step>> run(ReadingPtr reading);
  net::Task<net::HttpResponse> samples(ReadingPtr reading);
  net::Task<net::HttpResponse> stream(ReadingPtr reading);
  net::Task<void> write_frames(ReadingPtr reading, std::shared_ptr<net::BodyWriter> writer, bool done);
  net::HttpResponse refuse(const Error& error);

  net::TaskLoop& loop_;
  WorkPool& work_;
  storage::Queryable& store_;
  const std::function<model::Labels()> external_;
  const ReadOptions options_;
  Gate gate_;
  ReadStats stats_;
  std::vector<std::weak_ptr<ReadJob>> jobs_;
};

}  // namespace tocsin::remote
