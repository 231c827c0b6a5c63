#include "agent/scrape_endpoint.hpp"

#include <algorithm>

#include "base/float_text.hpp"
#include "web/exposition.hpp"

namespace tocsin::agent {
namespace {

constexpr std::string_view kTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds";
constexpr Duration kAnswerTime = std::chrono::milliseconds(250);  // kept back from the scraper's timeout

}  // namespace

Duration scrape_limit(const net::HttpRequest& request, Duration otherwise) {
  double seconds = 0;
  if (!parse_float(request.headers.get(kTimeoutHeader), seconds) || !(seconds > 0) || seconds > 3600) return otherwise;
  const Duration limit(static_cast<std::int64_t>(seconds * 1e9));
  return std::max(limit - kAnswerTime, limit / 2);
}

net::HttpResponse plain_text(int status, std::string text) {
  return net::HttpResponse(status, "text/plain; charset=utf-8", std::move(text));
}

ScrapeEndpoint::ScrapeEndpoint(Fs& fs, EndpointOptions options)
    : options_(std::move(options)),
      requests_(prometheus::BuildCounter()
                    .Name("promhttp_metric_handler_requests_total")
                    .Help("Total number of scrapes by HTTP status code.")
                    .Register(registry_.families())),
      in_flight_gauge_(prometheus::BuildGauge()
                           .Name("promhttp_metric_handler_requests_in_flight")
                           .Help("Current number of scrapes being served.")
                           .Register(registry_.families())
                           .Add({})) {
  for (const char* code : {"200", "500", "503"})
    requests_.Add({{"code", code}});  // there from the start, as promhttp's
  registry_.add(telemetry::make_process_probe(fs, options_.procfs));
}

/// Counts the request and keeps the number of parallel ones in bounds.
net::Task<net::HttpResponse> ScrapeEndpoint::serve(std::string accept, net::Task<Result<Pages>> gather) {
  if (options_.max_requests != 0 && in_flight_ >= options_.max_requests) {
    requests_.Add({{"code", "503"}}).Increment();
    co_return plain_text(
        503, fmt::format("Limit of concurrent requests reached ({}), try again later.\n", options_.max_requests));
  }
  struct Counted {
    explicit Counted(ScrapeEndpoint& e) : endpoint(e) {
      endpoint.in_flight_gauge_.Set(static_cast<double>(++endpoint.in_flight_));
    }
    ~Counted() { endpoint.in_flight_gauge_.Set(static_cast<double>(--endpoint.in_flight_)); }
    ScrapeEndpoint& endpoint;
  };
  const Counted counted(*this);
  net::HttpResponse response = co_await answer(std::move(accept), std::move(gather));
  requests_.Add({{"code", fmt::format("{}", response.status)}}).Increment();
  co_return response;
}

net::Task<net::HttpResponse> ScrapeEndpoint::answer(std::string accept, net::Task<Result<Pages>> gather) {
  Result<Pages> pages = co_await std::move(gather);
  if (!pages) co_return plain_text(400, pages.error().message + "\n");
  if (options_.self_metrics) pages->push_back(registry_.render());
  co_return web::expose(accept, *pages, merge_order_);
}

}  // namespace tocsin::agent
