#include "exporters/elasticsearch/target.hpp"

#include <algorithm>

#include "client/client.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

using enum model::MetricType;

constexpr std::size_t kMaxDocumentBytes = 256U << 20U;
constexpr Endpoint kSnapshots{"snapshot_stats", "Elasticsearch snapshots", "Elasticsearch snapshots"};

/// kCorrupt with the path.
Result<Document> parse(const std::string& text, std::string_view path) {
  boost::json::parse_options options;
  options.max_depth = 128;  // mappings nest
  boost::system::error_code error;
  Document document = boost::json::parse(text, error, {}, options);
  if (error) return fail(Errc::kCorrupt, "GET {}: not valid JSON: {}", path, error.message());
  return document;
}

client::Services client_services(const Services& services) {
  return {services.loop, services.work, services.http, services.fs, services.environment};
}

void put_outcome(expo::Page& page, Step& step, const Result<void>& result, Duration took) {
  ++step.scrapes;
  if (!result && result.error().code == Errc::kCorrupt) ++step.parse_failures;
  if (!step.collector.empty()) {
    page.family("elasticsearch_scrape_duration_seconds", "elasticsearch_exporter: Duration of a collector scrape.",
                kGauge)
        .put({{"collector", step.collector}}, std::chrono::duration<double>(took).count());
    page.family("elasticsearch_scrape_success", "elasticsearch_exporter: Whether a collector succeeded.", kGauge)
        .put({{"collector", step.collector}}, result ? 1 : 0);
  }
  const Endpoint& endpoint = step.endpoint;
  if (endpoint.prefix.empty()) return;
  page.family(fmt::format("elasticsearch_{}_json_parse_failures{}", endpoint.prefix, endpoint.counters),
              "Number of errors while parsing JSON.", kCounter)
      .put(step.parse_failures);
  if (endpoint.up.empty()) return;
  page.family(fmt::format("elasticsearch_{}_up", endpoint.prefix),
              fmt::format("Was the last scrape of the {} endpoint successful.", endpoint.up), kGauge)
      .put(result ? 1 : 0);
  page.family(fmt::format("elasticsearch_{}_{}", endpoint.prefix, endpoint.total),
              fmt::format("Current total {} scrapes.", endpoint.scrapes), kCounter)
      .put(step.scrapes);
}

}  // namespace

ElasticsearchTarget::ElasticsearchTarget(TargetOptions options, const Services& services)
    : options_(std::move(options)),
      services_(services),
      client_(client::make_client(options_.http, client_services(services))),
      steps_(steps_of(options_.ask)),
      snapshots_{"snapshots", {}, nullptr, kSnapshots} {}

/// The body of a good answer.
net::Task<Result<std::string>> ElasticsearchTarget::get(std::string path, MonoTime deadline) {
  net::HttpRequest request("GET", options_.uri + path);
  request.headers.set("Accept", "application/json");
  if (options_.api_key) {
    // Its file may be slow to read: not on the loop.
    TOCSIN_CO_TRY(const Secret key,
                  co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape), [self = shared_from_this()] {
                    return self->options_.api_key->get(self->services_.fs, self->services_.environment);
                  }));
    request.headers.set("Authorization", "ApiKey " + key.reveal());
  } else if (!options_.authorization.empty()) {
    request.headers.set("Authorization", options_.authorization.reveal());
  }
  net::SendOptions send;
  send.timeout = std::max(deadline - services_.loop.clock().mono(), Duration(std::chrono::milliseconds(1)));
  send.max_body_bytes = kMaxDocumentBytes;
  auto response = co_await client_->send(std::move(request), std::move(send));
  if (!response) co_return std::unexpected(std::move(response).error().wrap("GET " + path));
  if (response->status != 200) {
    co_return fail(Errc::kUnavailable, "GET {}: HTTP Request failed with code {}", path, response->status);
  }
  co_return std::string(response->body.view());
}

net::Task<Result<void>> ElasticsearchTarget::run(Step* step, std::shared_ptr<expo::Page> page, MonoTime deadline) {
  std::vector<std::string> texts;
  for (const std::string& path : step->paths) {
    TOCSIN_CO_TRY(std::string text, co_await get(path, deadline));
    texts.push_back(std::move(text));
  }
  // Megabytes of JSON are no work for the loop. Nobody else touches page, step and name until this has ended.
  co_return co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape),
                                 [self = shared_from_this(), step, page, texts = std::move(texts)]() -> Result<void> {
                                   std::vector<Document> documents;
                                   for (std::size_t i = 0; i < texts.size(); ++i) {
                                     TOCSIN_TRY(Document document, parse(texts[i], step->paths[i]));
                                     documents.push_back(std::move(document));
                                   }
                                   step->put(*page, documents, self->cluster_);
                                   return {};
                                 });
}

net::Task<Result<void>> ElasticsearchTarget::ask_snapshots(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const std::string path = "/_snapshot";
  TOCSIN_CO_TRY(const std::string text, co_await get(path, deadline));
  TOCSIN_CO_TRY(const Document repositories, parse(text, path));
  for (const auto& [name, details] : object_at(repositories, "")) {
    const std::string repository(name);
    const std::string of_repository = snapshots_path(repository);
    TOCSIN_CO_TRY(std::string answer, co_await get(of_repository, deadline));
    TOCSIN_CO_OK(co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape),
                                      [page, repository, of_repository, answer = std::move(answer)]() -> Result<void> {
                                        TOCSIN_TRY(const Document document, parse(answer, of_repository));
                                        put_snapshots(*page, document, repository);
                                        return {};
                                      }));
  }
  co_return Result<void>();
}

void ElasticsearchTarget::put_cluster_info_outcome(expo::Page& page, bool success) {
  const model::LabelView url[] = {{"url", options_.uri}};
  if (success) info_at_ = services_.loop.clock().now();
  page.family("elasticsearch_clusterinfo_up", "Up metric for the cluster info collector", kGauge)
      .put(url, success ? 1 : 0);
  if (info_at_ == 0) return;
  page.family("elasticsearch_clusterinfo_last_retrieval_success_ts",
              "Timestamp of the last successful cluster info retrieval", kGauge)
      .put(url, static_cast<double>(info_at_ / 1000));
}

net::Task<Result<void>> ElasticsearchTarget::collect(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto self = shared_from_this();
  Clock& clock = services_.loop.clock();
  Result<void> outcome;
  const auto note = [&](Step& step, MonoTime began, Result<void> result) {
    put_outcome(*page, step, result, clock.mono() - began);
    if (!result && outcome) outcome = std::move(result);
  };
  bool answers = true;
  for (Step& step : steps_) {
    const MonoTime began = clock.mono();
    Result<void> result = fail(Errc::kUnavailable, "the node does not answer");
    if (answers) result = co_await run(&step, page, deadline);
    if (&step == &steps_.front()) {
      // An answer with another status is one: a proxy, missing rights.
      answers = result || result.error().code == Errc::kUnavailable || result.error().code == Errc::kCorrupt;
      put_cluster_info_outcome(*page, result.has_value());
    }
    note(step, began, std::move(result));
  }
  if (options_.ask.snapshots) {
    const MonoTime began = clock.mono();
    Result<void> result = fail(Errc::kUnavailable, "the node does not answer");
    if (answers) result = co_await ask_snapshots(page, deadline);
    note(snapshots_, began, std::move(result));
  }
  co_return outcome;
}

}  // namespace tocsin::exporters::elasticsearch
