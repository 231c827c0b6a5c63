#include "remote/read_handler.hpp"

#include <stdexcept>
#include <utility>

#include "remote/plain_answer.hpp"
#include "wire/snappy.hpp"

namespace tocsin::remote {

/// A request under way: its place, and what makes its answer. Held by the task that answers, then by the stream.
struct ReadHandler::Reading {
  explicit Reading(Gate& gate) : pass(gate) {}
  Gate::Pass pass;
  std::shared_ptr<ReadJob> job;
};

ReadHandler::ReadHandler(net::TaskLoop& loop, WorkPool& work, storage::Queryable& store,
                         std::function<model::Labels()> external, ReadOptions options)
    : loop_(loop),
      work_(work),
      store_(store),
      external_(std::move(external)),
      options_(options),
      gate_(loop, {options.concurrent_limit, 1'000}) {}

ReadHandler::~ReadHandler() {
  for (const auto& weak : jobs_) {
    if (const auto job = weak.lock()) job->drop();
  }
}

void ReadHandler::add_to(net::HttpRouter& router) {
  router.add("POST", "/api/v1/read",
             [this](net::HttpRequest request, net::HttpRouter::Captures) { return read(std::move(request)); });
}

ReadStats ReadHandler::stats() const {
  ReadStats stats = stats_;
  stats.queries = gate_.running() + gate_.waiting();
  return stats;
}

net::HttpResponse ReadHandler::refuse(const Error& error) {
  ++stats_.failures;
  const bool asker = error.code == Errc::kInvalid || error.code == Errc::kLimit;
  return plain_answer(asker ? 400 : 500, error.message);
}

net::Task<net::HttpResponse> ReadHandler::read(net::HttpRequest request) {
  ++stats_.requests;
  const auto reading = std::make_shared<Reading>(gate_);
  if (!co_await gate_.enter(reading->pass)) {
    ++stats_.failures;
    co_return plain_answer(503, "too many read requests are waiting already");
  }
  const auto body = std::make_shared<const std::string>(std::move(request.body));
  const std::function<Result<std::shared_ptr<ReadJob>>()> make = [this, body, external = external_()] {
    return make_job(*body, external);
  };
  auto job = co_await net::run_on(loop_, work_.lane(Lane::kQuery), make);
  if (!job) co_return refuse(job.error());
  reading->job = std::move(*job);
  std::erase_if(jobs_, [](const auto& weak) { return weak.expired(); });
  jobs_.push_back(reading->job);
  if (reading->job->type() == wire::ReadResponseType::kStreamedXorChunks) co_return co_await stream(reading);
  co_return co_await samples(reading);
}

Result<std::shared_ptr<ReadJob>> ReadHandler::make_job(std::string_view body, const model::Labels& external) const {
  TOCSIN_TRY(const std::string decoded, wire::snappy_decode(body, options_.max_decoded_bytes));
  TOCSIN_TRY(const wire::ReadRequest request, wire::parse_read_request(decoded));
  ReadJobOptions options;
  TOCSIN_TRY(options.type, negotiate_response(request.accepted));
  options.sample_limit = options_.sample_limit;
  options.max_answer_bytes = options_.max_answer_bytes;
  options.max_frame_bytes = options_.max_bytes_in_frame;
  std::vector<ReadSelection> selections;
  for (const wire::ReadQuery& query : request.queries) {
    TOCSIN_TRY(ReadSelection selection, make_selection(query, external));
    selections.push_back(std::move(selection));
  }
  return std::make_shared<ReadJob>(options, std::move(selections), external, store_, loop_.clock());
}

net::Task<Result<ReadJob::Step>> ReadHandler::run(ReadingPtr reading) {
  const std::function<Result<ReadJob::Step>()> slice = [job = reading->job] { return job->run(); };
  co_return co_await net::run_on(loop_, work_.lane(Lane::kQuery), slice);
}

net::Task<net::HttpResponse> ReadHandler::samples(ReadingPtr reading) {
  for (;;) {
    const auto step = co_await run(reading);
    if (!step) co_return refuse(step.error());
    if (*step == ReadJob::Step::kDone) break;
  }
  net::HttpResponse response(200, "application/x-protobuf", reading->job->take());
  response.headers.set("Content-Encoding", "snappy");
  co_return response;
}

net::Task<net::HttpResponse> ReadHandler::stream(ReadingPtr reading) {
  // The first slice before the header, so that what goes wrong at once has a status.
  const auto first = co_await run(reading);
  if (!first) co_return refuse(first.error());
  net::HttpResponse response(200, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", net::Body());
  response.stream = [this, reading, done = *first == ReadJob::Step::kDone](std::shared_ptr<net::BodyWriter> writer) {
    return write_frames(reading, std::move(writer), done);
  };
  co_return response;
}

net::Task<void> ReadHandler::write_frames(ReadingPtr reading, std::shared_ptr<net::BodyWriter> writer, bool done) {
  while (co_await writer->write(reading->job->take())) {
    if (done) co_return;
    const auto step = co_await run(reading);
    if (!step) {
      ++stats_.streams_cut;
      throw std::runtime_error(step.error().message);  // so that the server ends the body as one that is not whole
    }
    done = *step == ReadJob::Step::kDone;
  }
  ++stats_.streams_cut;
}

}  // namespace tocsin::remote
