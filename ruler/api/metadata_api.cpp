#include "api/metadata_api.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "api/envelope.hpp"
#include "api/params.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::api {
namespace {

using Targets = std::vector<scrape::TargetMetadata>;

/// A count that may be missing: then, and below 0, it limits nothing.
Result<std::int64_t> read_limit(const Params& params, std::string_view name) {
  const std::string& text = params.text(name);
  if (text.empty()) return std::int64_t{-1};
  const auto limit = parse_go_int("Atoi", text);
  if (!limit) return fail(Errc::kInvalid, "{} must be a number", name);
  return *limit;
}

/// Of one family, or of all if the name is empty.
std::span<const scrape::MetricMetadata> families(const scrape::TargetMetadata& target, const std::string& name) {
  if (target.metadata == nullptr) return {};
  if (name.empty()) return *target.metadata;
  const auto found = std::ranges::lower_bound(*target.metadata, name, {}, &scrape::MetricMetadata::name);
  if (found == target.metadata->end() || found->name != name) return {};
  return {&*found, 1};
}

void write_facts(JsonWriter& json, const scrape::MetricMetadata& family) {
  json.key("type").text(model::metric_type_text(family.type)).key("help").text(family.help);
  json.key("unit").text(family.unit);
}

struct MetadataParams {
  std::string metric;
  std::int64_t limit = -1, limit_per_metric = -1;
};

bool same_facts(const scrape::MetricMetadata* a, const scrape::MetricMetadata* b) {
  return a->type == b->type && a->help == b->help && a->unit == b->unit;
}

net::HttpResponse metadata_response(const Targets& targets, const MetadataParams& params) {
  std::map<std::string_view, std::vector<const scrape::MetricMetadata*>> metrics;
  for (const scrape::TargetMetadata& target : targets) {
    for (const scrape::MetricMetadata& family : families(target, params.metric)) {
      auto& known = metrics[family.name];
      if (params.limit_per_metric > 0 && std::ssize(known) >= params.limit_per_metric) continue;
      if (std::ranges::none_of(known, [&](const auto* other) { return same_facts(other, &family); })) {
        known.push_back(&family);
      }
    }
  }
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object();
  std::int64_t written = 0;
  for (const auto& [name, known] : metrics) {
    if (params.limit >= 0 && written++ >= params.limit) break;
    json.key(name).begin_array();
    for (const scrape::MetricMetadata* family : known) {
      write_facts(json.begin_object(), *family);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return body.finish();
}

struct TargetMetadataParams {
  std::vector<model::Matcher> matchers;
  std::string metric;
  std::int64_t limit = -1;
};

/// As there, the limit is looked at between targets, and an answer for one metric does not repeat its name.
net::HttpResponse target_metadata_response(const Targets& targets, const TargetMetadataParams& params) {
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_array();
  std::int64_t written = 0;
  for (const scrape::TargetMetadata& target : targets) {
    if (params.limit >= 0 && written >= params.limit) break;
    const bool matches = std::ranges::all_of(
        params.matchers, [&](const model::Matcher& m) { return m.matches(target.labels.get(m.name())); });
    if (!matches) continue;
    for (const scrape::MetricMetadata& family : families(target, params.metric)) {
      ++written;
      json.begin_object().key("target").labels(target.labels);
      if (params.metric.empty()) json.key("metric").text(family.name);
      write_facts(json, family);
      json.end_object();
    }
  }
  json.end_array();
  return body.finish();
}

Result<MetadataParams> read_metadata_params(const net::HttpRequest& request) {
  const Params params(request);
  MetadataParams out;
  TOCSIN_TRY(out.limit, read_limit(params, "limit"));
  TOCSIN_TRY(out.limit_per_metric, read_limit(params, "limit_per_metric"));
  out.metric = params.text("metric");
  return out;
}

Result<TargetMetadataParams> read_target_metadata_params(const net::HttpRequest& request) {
  const Params params(request);
  TargetMetadataParams out;
  TOCSIN_TRY(out.limit, read_limit(params, "limit"));
  out.metric = params.text("metric");
  if (const std::string& selector = params.text("match_target"); !selector.empty()) {
    auto matchers = promql::parser::parse_any_metric_selector(selector);
    if (!matchers) return fail(invalid_parameter("match_target", matchers.error().message));
    out.matchers = std::move(*matchers);
  }
  return out;
}

net::Task<net::HttpResponse> metadata(QueryLane* lane, const scrape::ScrapeManager* scrapes, net::HttpRequest request) {
  auto params = read_metadata_params(request);
  if (!params) co_return error_response(params.error());
  QueryLane::Answer answer = [targets = scrapes->metadata(), params = std::move(*params)](const AnswerContext&) {
    return metadata_response(targets, params);
  };
  co_return co_await lane->run(std::move(answer));
}

net::Task<net::HttpResponse> target_metadata(QueryLane* lane, const scrape::ScrapeManager* scrapes,
                                             net::HttpRequest request) {
  auto params = read_target_metadata_params(request);
  if (!params) co_return error_response(params.error());
  QueryLane::Answer answer = [targets = scrapes->metadata(), params = std::move(*params)](const AnswerContext&) {
    return target_metadata_response(targets, params);
  };
  co_return co_await lane->run(std::move(answer));
}

}  // namespace

void add_metadata_api(net::HttpRouter& router, QueryLane& lane, const scrape::ScrapeManager& scrapes) {
  using Captures = net::HttpRouter::Captures;
  router.add("GET", "/api/v1/metadata", [lane = &lane, scrapes = &scrapes](net::HttpRequest request, Captures) {
    return metadata(lane, scrapes, std::move(request));
  });
  router.add("GET", "/api/v1/targets/metadata", [lane = &lane, scrapes = &scrapes](net::HttpRequest request, Captures) {
    return target_metadata(lane, scrapes, std::move(request));
  });
}

}  // namespace tocsin::api
