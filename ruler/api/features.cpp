#include "api/features.hpp"

#include <initializer_list>
#include <memory>
#include <string_view>

#include "api/envelope.hpp"
#include "promql/parser/ast.hpp"
#include "promql/parser/functions.hpp"

namespace tocsin::api {
namespace {

using Category = std::map<std::string, bool>;

void set_all(Category& category, bool value, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) category[std::string(name)] = value;
}

void add_promql(Features& out, const promql::EngineOptions& engine) {
  Category& language = out["promql"];
  set_all(language, true,
          {"at_modifier", "bool", "by", "duration_expr", "group_left", "group_right", "ignoring", "negative_offset",
           "offset", "on", "per_query_lookback_delta", "subqueries", "without"});
  set_all(language, engine.parser.binop_fill_modifiers, {"fill", "fill_left", "fill_right"});
  set_all(language, engine.parser.extended_range_selectors, {"anchored", "smoothed"});
  language["delayed_name_removal"] = engine.delayed_name_removal;
  language["type_and_unit_labels"] = engine.type_and_unit_labels;
  language["per_step_stats"] = engine.per_step_stats;

  Category& functions = out["promql_functions"];
  for (const promql::parser::Function& function : promql::parser::all_functions()) {
    functions[std::string(function.name)] = !function.experimental || engine.parser.experimental_functions;
  }

  using promql::parser::AggregateOp;
  using promql::parser::BinaryOp;
  Category& operators = out["promql_operators"];
  set_all(operators, true, {"=~", "!~", "@"});
  for (int op = 0; op <= static_cast<int>(BinaryOp::kTrimLower); ++op) {
    operators[std::string(binary_op_text(static_cast<BinaryOp>(op)))] = true;
  }
  for (int i = 0; i <= static_cast<int>(AggregateOp::kLimitRatio); ++i) {
    const auto op = static_cast<AggregateOp>(i);
    const bool experimental = op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
    operators[std::string(aggregate_op_text(op))] = !experimental || engine.parser.experimental_functions;
  }
}

void add_discovery(Category& providers) {
  set_all(providers, true, {"consul", "dns", "docker", "file", "http", "kubernetes", "static"});
  set_all(providers, false,
          {"aws",      "azure",     "digitalocean", "dockerswarm", "ec2",       "ecs",      "elasticache", "eureka",
           "gce",      "hetzner",   "ionos",        "kuma",        "lightsail", "linode",   "marathon",    "msk",
           "nerve",    "nomad",     "oci",          "openstack",   "outscale",  "ovhcloud", "puppetdb",    "rds",
           "scaleway", "serverset", "stackit",      "triton",      "uyuni",     "vultr"});
}

net::Task<net::HttpResponse> answer(std::shared_ptr<const std::string> body) {
  co_return net::HttpResponse(200, "application/json", net::Body(std::move(body)));
}

/// Without the escapes of < and > that other answers have, as there.
std::string render(const Features& features) {
  std::string out = R"({"status":"success","data":{)";
  std::string_view outer;
  for (const auto& [category, names] : features) {
    out += fmt::format("{}\"{}\":{{", std::exchange(outer, ","), category);
    std::string_view inner;
    for (const auto& [name, on] : names) out += fmt::format("{}\"{}\":{}", std::exchange(inner, ","), name, on);
    out += '}';
  }
  return out + "}}";
}

}  // namespace

Features make_features(const FeatureSwitches& switches) {
  Features out;
  Category& api = out["api"];
  set_all(api, true,
          {"exclude_alerts", "label_values_match", "query_stats", "query_warnings", "time_range_labels",
           "time_range_series"});
  set_all(api, false,
          {"admin", "openapi_3.1", "openapi_3.2", "otlp_write_receiver", "search", "search_fuzz_alg_jarowinkler",
           "search_fuzz_alg_subsequence"});
  api["lifecycle"] = switches.lifecycle;
  api["remote_write_receiver"] = switches.remote_write_receiver;
  set_all(out["otlp_receiver"], false, {"delta_conversion", "native_delta_ingestion"});
  Category& prometheus = out["prometheus"];
  prometheus["agent_mode"] = false;
  prometheus["auto_reload_config"] = switches.auto_reload;
  prometheus["server_mode"] = true;
  prometheus["stringlabels"] = false;
  add_promql(out, switches.engine);
  Category& rules = out["rules"];
  set_all(rules, true, {"keep_firing_for", "query_offset"});
  rules["concurrent_rule_eval"] = false;
  Category& scrape = out["scrape"];
  scrape["extra_scrape_metrics"] = true;
  scrape["start_timestamp_zero_ingestion"] = switches.features.created_timestamp_zero_ingestion;
  scrape["type_and_unit_labels"] = switches.features.type_and_unit_labels;
  add_discovery(out["service_discovery_providers"]);
  set_all(out["templating_functions"], true,
          {"args",
           "externalURL",
           "first",
           "graphLink",
           "humanize",
           "humanize1024",
           "humanizeDuration",
           "humanizePercentage",
           "humanizeTimestamp",
           "label",
           "match",
           "now",
           "parseDuration",
           "pathPrefix",
           "query",
           "reReplaceAll",
           "safeHtml",
           "sortByLabel",
           "stripDomain",
           "stripPort",
           "strvalue",
           "tableLink",
           "title",
           "toDuration",
           "toLower",
           "toTime",
           "toUpper",
           "urlQueryEscape",
           "value"});
  Category& tsdb = out["tsdb"];
  set_all(tsdb, true, {"exemplar_storage", "isolation", "native_histograms"});
  tsdb["st_storage"] = switches.features.st_storage;
  if (switches.features.metadata_wal_records) tsdb["metadata_wal_records"] = true;  // as there, told only if it is on
  set_all(tsdb, false, {"delayed_compaction", "histograms_st_encoding", "use_uncached_io", "xor2_encoding"});
  set_all(out["ui"], false, {"ui_v2", "ui_v3"});
  return out;
}

void add_features_api(net::HttpRouter& router, Features features) {
  const auto body = std::make_shared<const std::string>(render(features));
  router.add("GET", "/api/v1/features", [body](net::HttpRequest, net::HttpRouter::Captures) { return answer(body); });
}

}  // namespace tocsin::api
