#include "api/targets_api.hpp"

#include <boost/json.hpp>

#include "api/envelope.hpp"
#include "api/metadata_api.hpp"
#include "api/params.hpp"
#include "base/strings.hpp"
#include "yaml/write.hpp"

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

net::HttpResponse targets_response(const scrape::TargetsStatus& status, const std::string& state,
                                   const std::string& pool) {
  const bool active = state.empty() || state == "any" || state == "active";
  const bool dropped = state.empty() || state == "any" || state == "dropped";
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

net::Task<net::HttpResponse> targets(TargetsApi api, net::HttpRequest request) {
  const Params params(request);
  QueryLane::Answer answer = [status = api.scrapes.status(), state = to_lower(params.text("state")),
                              pool = params.text("scrapePool")](const AnswerContext&) {
    return targets_response(status, state, pool);
  };
  co_return co_await api.lane.run(std::move(answer));
}

net::Task<net::HttpResponse> pools(TargetsApi api) {
  SuccessBody body;
  body.json().begin_object().key("scrapePools").begin_array();
  for (const std::string& name : api.scrapes.pools()) body.json().text(name);
  body.json().end_array().end_object();
  co_return body.finish();
}

Error no_pool(const std::string& name) {
  return Error{Errc::kInvalid, fmt::format("error retrieving scrape config: scrape pool {} not found", go_quote(name))};
}

/// The entry of scrape_configs of the pool, as the configuration in force shows it.
net::HttpResponse pool_config_response(const std::string& config_text, const std::string& pool) {
  auto config = yaml::parse(config_text, "configuration");
  if (!config)
    return error_response(Error{Errc::kInternal, "error marshaling scrape config: " + config.error().message});
  for (const yaml::Node& job : (*config)["scrape_configs"].elements()) {
    if (job["job_name"].text() != pool) continue;
    SuccessBody body;
    body.json().begin_object().key("yaml").text(yaml::write(job, [](std::string_view) { return false; })).end_object();
    return body.finish();
  }
  return error_response(no_pool(pool));
}

net::Task<net::HttpResponse> pool_config(TargetsApi api, net::HttpRequest request) {
  const std::string pool = Params(request).text("scrapePool");
  if (pool.empty()) co_return error_response(Error{Errc::kInvalid, "no scrapePool parameter provided"});
  if (api.scrapes.pool_config(pool) == nullptr) co_return error_response(no_pool(pool));
  QueryLane::Answer answer = [text = api.config_text(), pool](const AnswerContext&) {
    return pool_config_response(text, pool);
  };
  co_return co_await api.lane.run(std::move(answer));
}

Result<model::Labels> parse_labels_json(const std::string& text) {
  namespace json = boost::json;
  json::error_code wrong;
  const json::value value = json::parse(json::string_view(text), wrong);
  if (wrong) return fail(Errc::kInvalid, "error parsing labels: {}", wrong.message());
  if (!value.is_object()) return fail(Errc::kInvalid, "error parsing labels: not an object of names and values");
  model::LabelsBuilder labels;
  for (const auto& [name, member] : value.as_object()) {
    if (!member.is_string())
      return fail(Errc::kInvalid, "error parsing labels: the value of {} is not a string",
                  go_quote(std::string_view(name)));
    labels.set(std::string_view(name), std::string_view(member.as_string()));
  }
  return labels.build();
}

/// A rule with the names of its Go fields in JSON. Source: Prometheus model/relabel/relabel.go, Config.
void write_rule(JsonWriter& json, const config::RelabelConfig& rule) {
  json.begin_object();
  if (!rule.source_labels.empty()) {
    json.key("source_labels").begin_array();
    for (const std::string& name : rule.source_labels) json.text(name);
    json.end_array();
  }
  json.key("separator").text(rule.separator);
  json.key("regex").text(rule.regex ? rule.regex->expression() : "(.*)");
  if (rule.modulus != 0) json.key("modulus").integer(static_cast<std::int64_t>(rule.modulus));
  if (!rule.target_label.empty()) json.key("target_label").text(rule.target_label);
  json.key("replacement").text(rule.replacement);
  json.key("action").text(config::action_text(rule.action)).end_object();
}

net::Task<net::HttpResponse> relabel_steps(TargetsApi api, net::HttpRequest request) {
  const Params params(request);
  const std::string& pool = params.text("scrapePool");
  if (pool.empty()) co_return error_response(Error{Errc::kInvalid, "no scrapePool parameter provided"});
  const std::string& text = params.text("labels");
  if (text.empty()) co_return error_response(Error{Errc::kInvalid, "no labels parameter provided"});
  auto labels = parse_labels_json(text);
  if (!labels) co_return error_response(labels.error());
  auto config = api.scrapes.pool_config(pool);
  if (config == nullptr) co_return error_response(no_pool(pool));
  QueryLane::Answer answer = [config = std::move(config), labels = std::move(*labels)](const AnswerContext&) {
    SuccessBody body;
    body.json().begin_object().key("steps").begin_array();
    for (const config::RelabelStep& step : config::relabel_steps(labels, config->relabel_configs)) {
      write_rule(body.json().begin_object().key("rule"), *step.rule);
      body.json().key("output").labels(step.output).key("keep").boolean(step.keep).end_object();
    }
    body.json().end_array().end_object();
    return body.finish();
  };
  co_return co_await api.lane.run(std::move(answer));
}

}  // namespace

void add_targets_api(net::HttpRouter& router, const TargetsApi& api) {
  using Captures = net::HttpRouter::Captures;
  const auto add = [&](std::string_view path, auto handler) {
    router.add("GET", path,
               [api, handler](net::HttpRequest request, Captures) { return handler(api, std::move(request)); });
  };
  add("/api/v1/targets", targets);
  add("/api/v1/targets/relabel_steps", relabel_steps);
  add("/api/v1/scrape_pools/config", pool_config);
  router.add("GET", "/api/v1/scrape_pools", [api](net::HttpRequest, Captures) { return pools(api); });
  add_metadata_api(router, api.lane, api.scrapes);
}

}  // namespace tocsin::api
