#include "remote/write_handler.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.hpp"
#include "remote/plain_answer.hpp"
#include "remote/write_content.hpp"

namespace tocsin::remote {
namespace {

constexpr Duration kMaxAhead = std::chrono::minutes(10);

std::string accepted_messages(const WriteOptions& options) {
  std::string out;
  if (options.accept_v1) out += kWriteMessage1;
  if (options.accept_v1 && options.accept_v2) out += ", ";
  if (options.accept_v2) out += kWriteMessage2;
  return out;
}

net::Task<net::HttpResponse> say_closed() {
  co_return plain_answer(404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
}

}  // namespace

void add_closed_write_handler(net::HttpRouter& router) {
  router.add("POST", "/api/v1/write", [](net::HttpRequest, net::HttpRouter::Captures) { return say_closed(); });
}

WriteHandler::WriteHandler(net::TaskLoop& loop, WorkPool& work, storage::Appendable& store, WriteOptions options)
    : loop_(loop),
      work_(work),
      options_(std::move(options)),
      appenders_(store, std::max(options_.max_senders, options_.max_concurrency)),
      cache_(options_.max_cached_series > 0 ? std::make_unique<RefCache>(options_.max_cached_series) : nullptr),
      gate_(loop, {options_.max_concurrency, options_.max_waiting}) {}

void WriteHandler::add_to(net::HttpRouter& router) {
  router.add("POST", "/api/v1/write",
             [this](net::HttpRequest request, net::HttpRouter::Captures) { return write(std::move(request)); });
}

WriteStats WriteHandler::stats() const {
  WriteStats stats = stats_;
  stats.running = gate_.running();
  stats.waiting = gate_.waiting();
  stats.cached_series = cache_ ? cache_->size() : 0;
  return stats;
}

net::Task<net::HttpResponse> WriteHandler::write(net::HttpRequest request) {
  ++stats_.requests;
  stats_.bytes += request.body.size();
  net::HttpResponse response;
  const std::string_view encoding = request.headers.get("Content-Encoding");
  const auto version = write_content(request.headers.get("Content-Type"));
  if (!encoding.empty() && encoding != "snappy") {
    response = plain_answer(
        415,
        fmt::format("{} encoding (compression) is not accepted by this server; only snappy is acceptable", encoding));
  } else if (request.body.size() > options_.max_body_bytes) {
    response = plain_answer(413, fmt::format("request body exceeds the {} bytes limit", options_.max_body_bytes));
  } else if (!version) {
    response = plain_answer(415, version.error().message);
  } else if (*version == wire::WriteVersion::k1 ? !options_.accept_v1 : !options_.accept_v2) {
    response = plain_answer(415, fmt::format("{} protobuf message is not accepted by this server; only accepts {}",
                                             *version == wire::WriteVersion::k1 ? kWriteMessage1 : kWriteMessage2,
                                             accepted_messages(options_)));
  } else {
    response = co_await store(std::move(request), *version);
  }
  if (response.status >= 500) ++stats_.requests_failed;
  if (response.status >= 400 && response.status < 500) ++stats_.requests_refused;
  co_return response;
}

net::Task<net::HttpResponse> WriteHandler::store(net::HttpRequest request, wire::WriteVersion version) {
  Gate::Pass pass(gate_);
  if (!co_await gate_.enter(pass)) co_return plain_answer(503, "too many write requests are waiting already");
  WriteJobOptions options;
  options.version = version;
  options.max_decoded_bytes = options_.max_decoded_bytes;
  options.takes_late = options_.takes_late && options_.takes_late();
  options.type_and_unit_labels = options_.type_and_unit_labels;
  options.metadata = options_.metadata;
  options.newest = loop_.clock().now() + to_ms(kMaxAhead);
  // The lease stays here: the last piece of the job may go on another thread.
  const AppenderPool::Lease appender = appenders_.take(request.peer);
  const auto job = std::make_shared<WriteJob>(options, std::move(request.body), *appender, loop_.clock(), cache_.get());
  const std::function<bool()> slice = [job] { return job->run(); };
  while (co_await net::run_on(loop_, work_.lane(Lane::kScrape), slice)) {
  }
  co_return answer(version, job->outcome());
}

net::HttpResponse WriteHandler::answer(wire::WriteVersion version, const WriteOutcome& outcome) {
  stats_.written.samples += outcome.written.samples;
  stats_.written.histograms += outcome.written.histograms;
  stats_.written.exemplars += outcome.written.exemplars;
  stats_.samples_refused += outcome.refused;
  stats_.samples_with_invalid_labels += outcome.invalid_labels;
  if (outcome.status >= 500) log::error("remote", "cannot store a write request", {{"err", outcome.text}});
  net::HttpResponse response =
      outcome.status == 204 ? net::HttpResponse(204, net::Body()) : plain_answer(outcome.status, outcome.text);
  if (version == wire::WriteVersion::k2) {
    response.headers.set("X-Prometheus-Remote-Write-Samples-Written", std::to_string(outcome.written.samples));
    response.headers.set("X-Prometheus-Remote-Write-Histograms-Written", std::to_string(outcome.written.histograms));
    response.headers.set("X-Prometheus-Remote-Write-Exemplars-Written", std::to_string(outcome.written.exemplars));
  }
  return response;
}

}  // namespace tocsin::remote
