#include "api/targets_api.hpp"

#include "api/envelope.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

void write_target(JsonWriter& json, const scrape::TargetStatus& target) {
  json.begin_object();
  json.key("discoveredLabels").labels(target.discovered_labels);
  json.key("labels").labels(target.labels);
  json.key("scrapePool").text(target.scrape_pool);
  json.key("scrapeUrl").text(target.scrape_url);
  json.key("globalUrl").text(target.global_url);
  json.key("lastError").text(target.last_error);
  json.key("lastScrape").time(target.scraped ? target.last_scrape : 0);
  json.key("lastScrapeDuration").number(target.last_scrape_duration_seconds);
  json.key("health").text(scrape::health_text(target.health));
  json.key("scrapeInterval").text(target.scrape_interval);
  json.key("scrapeTimeout").text(target.scrape_timeout);
  json.end_object();
}

net::HttpResponse targets_response(const scrape::TargetsStatus& status, const net::HttpRequest& request) {
  const std::string state = to_lower(request.param("state")), pool = request.param("scrapePool");
  const bool active = state.empty() || state == "any" || state == "active";
  const bool dropped = state.empty() || state == "any" || state == "dropped";
  if (!active && !dropped) return error_response(invalid_parameter("state", "must be any, active or dropped"));
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("activeTargets").begin_array();
  for (const scrape::TargetStatus& target : status.active) {
    if (active && (pool.empty() || pool == target.scrape_pool)) write_target(json, target);
  }
  json.end_array().key("droppedTargets").begin_array();
  for (const scrape::DroppedTarget& target : status.dropped) {
    if (!dropped || (!pool.empty() && pool != target.scrape_pool)) continue;
    json.begin_object().key("discoveredLabels").labels(target.discovered_labels);
    json.key("scrapePool").text(target.scrape_pool).end_object();
  }
  json.end_array().key("droppedTargetCounts");
  if (dropped) {
    json.begin_object();
    for (const auto& [name, count] : status.dropped_counts) json.key(name).integer(static_cast<std::int64_t>(count));
    json.end_object();
  } else {
    json.raw("null");
  }
  json.end_object();
  return body.finish();
}

net::Task<net::HttpResponse> targets(const scrape::ScrapeManager* scrapes, net::HttpRequest request) {
  co_return targets_response(scrapes->status(), request);
}

net::Task<net::HttpResponse> pools(const scrape::ScrapeManager* scrapes) {
  SuccessBody body;
  body.json().begin_object().key("scrapePools").begin_array();
  for (const std::string& name : scrapes->pools()) body.json().text(name);
  body.json().end_array().end_object();
  co_return body.finish();
}

}  // namespace

void add_targets_api(net::HttpRouter& router, const scrape::ScrapeManager& scrapes) {
  using Captures = net::HttpRouter::Captures;
  router.add("GET", "/api/v1/targets",
             [&scrapes](net::HttpRequest request, Captures) { return targets(&scrapes, std::move(request)); });
  router.add("GET", "/api/v1/scrape_pools", [&scrapes](net::HttpRequest, Captures) { return pools(&scrapes); });
}

}  // namespace tocsin::api
