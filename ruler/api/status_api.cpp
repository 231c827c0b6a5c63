#include "api/status_api.hpp"

#include <algorithm>
#include <memory>
#include <thread>

#include <limits.h>
#include <unistd.h>

#include "api/envelope.hpp"
#include "api/params.hpp"
#include "api/self_metrics.hpp"
#include "base/version.hpp"

namespace tocsin::api {
namespace {

/// The release of Prometheus whose language and API this is.
constexpr std::string_view kPrometheusLevel = "3.14.0";
constexpr std::int64_t kMaxTsdbLimit = 10'000;

using SourcePtr = std::shared_ptr<const StatusSource>;

void write_build_info(JsonWriter& json) {
  json.begin_object().key("version").text(kPrometheusLevel).key("revision").text(revision());
  json.key("branch").text(fmt::format("tocsin {}", version())).key("buildUser").text("").key("buildDate").text("");
  json.key("goVersion").text("").end_object();
}

net::Task<net::HttpResponse> build_info() {
  SuccessBody body;
  write_build_info(body.json());
  co_return body.finish();
}

/// The same without an envelope, and as plain text: Go guesses the type of what the handler does not name.
net::Task<net::HttpResponse> version_page() {
  std::string text;
  JsonWriter json(text);
  write_build_info(json);
  co_return net::HttpResponse(200, "text/plain; charset=utf-8", text + "\n");
}

net::Task<net::HttpResponse> flags(SourcePtr source) {
  SuccessBody body;
  body.json().begin_object();
  for (const auto& [name, value] : source->flags) body.json().key(name).text(value);
  body.json().end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> config(SourcePtr source) {
  SuccessBody body;
  body.json().begin_object().key("yaml").text(source->now().config_text).end_object();
  co_return body.finish();
}

std::string working_directory() {
  char path[PATH_MAX] = "";
  return ::getcwd(path, sizeof path) != nullptr ? path : "";
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

net::Task<net::HttpResponse> runtime_info(SourcePtr source, Timestamp now) {
  const RuntimeStatus status = source->now();
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("startTime").time(source->started).key("CWD").text(working_directory());
  json.key("hostname").text(host_name()).key("serverTime").time(now);
  json.key("reloadConfigSuccess").boolean(status.reload_ok).key("lastConfigTime").time(status.last_reload);
  json.key("corruptionCount").integer(0).key("goroutineCount").integer(0);
  json.key("GOMAXPROCS").integer(std::thread::hardware_concurrency());
  json.key("GOMEMLIMIT").integer(0).key("GOGC").text("").key("GODEBUG").text("");
  json.key("storageRetention").text(status.retention).end_object();
  co_return body.finish();
}

void write_items(JsonWriter& json, std::string_view key, const TsdbStatus::Items& items) {
  json.key(key).begin_array();
  for (const TsdbStatus::Item& item : items) {
    json.begin_object().key("name").text(item.name).key("value").integer(static_cast<std::int64_t>(item.value));
    json.end_object();
  }
  json.end_array();
}

/// Without a budget the answer is Prometheus'.
void write_budget(JsonWriter& json, const TsdbStatus& status) {
  if (status.series_limit == 0 && status.series_limit_per_job == 0 && status.series_shed == 0 && status.jobs.empty()) {
    return;
  }
  const auto number = [&](std::string_view key, std::uint64_t value) {
    json.key(key).integer(static_cast<std::int64_t>(value));
  };
  json.key("seriesBudget").begin_object();
  number("limit", status.series_limit);
  number("limitPerJob", status.series_limit_per_job);
  number("shed", status.series_shed);
  json.key("jobs").begin_array();
  for (const TsdbStatus::Job& job : status.jobs) {
    json.begin_object().key("job").text(job.job);
    number("series", job.series);
    number("limit", job.limit);
    number("shed", job.shed);
    json.key("shedding").boolean(job.shedding).end_object();
  }
  json.end_array().end_object();
}

net::HttpResponse tsdb_response(const TsdbStatus& status) {
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("headStats").begin_object();
  json.key("numSeries").integer(static_cast<std::int64_t>(status.series));
  json.key("numLabelPairs").integer(static_cast<std::int64_t>(status.label_pairs));
  json.key("chunkCount").integer(static_cast<std::int64_t>(status.chunks));
  json.key("minTime").integer(status.min_time).key("maxTime").integer(status.max_time).end_object();
  write_items(json, "seriesCountByMetricName", status.series_by_metric);
  write_items(json, "labelValueCountByLabelName", status.values_by_label);
  write_items(json, "memoryInBytesByLabelName", status.bytes_by_label);
  write_items(json, "seriesCountByLabelValuePair", status.series_by_label_pair);
  write_budget(json, status);
  json.end_object();
  return body.finish();
}

net::Task<net::HttpResponse> tsdb(QueryLane* lane, SourcePtr source, net::HttpRequest request) {
  std::int64_t limit = 10;
  if (const std::string text = Params(request).text("limit"); !text.empty()) {
    const auto given = parse_go_int("Atoi", text);
    if (!given || *given < 1) co_return error_response(Error{Errc::kInvalid, "limit must be a positive number"});
    if (*given > kMaxTsdbLimit) {
      co_return error_response(Error{Errc::kInvalid, fmt::format("limit must not exceed {}", kMaxTsdbLimit)});
    }
    limit = *given;
  }
  QueryLane::Answer answer = [source, limit](const AnswerContext&) {
    return tsdb_response(source->tsdb(static_cast<std::size_t>(limit)));
  };
  co_return co_await lane->run(std::move(answer));
}

net::Task<net::HttpResponse> blocks(SourcePtr source) {
  SuccessBody body;
  body.json().begin_object().key("blocks").begin_array();
  if (source->blocks) {
    for (const std::string& meta : source->blocks()) body.json().raw(meta);
  }
  body.json().end_array().end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> wal_replay(SourcePtr source) {
  const StatusSource::WalReplay replay = source->wal_replay();
  SuccessBody body;
  body.json().begin_object().key("min").integer(replay.first).key("max").integer(replay.last);
  body.json().key("current").integer(replay.current).end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> alertmanagers(SourcePtr source) {
  const StatusSource::Alertmanagers found = source->alertmanagers();
  SuccessBody body;
  body.json().begin_object();
  const auto write = [&](std::string_view key, const std::vector<std::string>& urls) {
    body.json().key(key).begin_array();
    for (const std::string& url : urls) body.json().begin_object().key("url").text(url).end_object();
    body.json().end_array();
  };
  write("activeAlertmanagers", found.active);
  write("droppedAlertmanagers", found.dropped);
  body.json().end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> self_metrics(QueryLane* lane, SourcePtr source, net::HttpRequest request) {
  auto pattern = compile_metric_pattern(Params(request).text("metric_name_pattern"));
  if (!pattern) co_return error_response(pattern.error());
  QueryLane::Answer answer = [page = source->metrics_page(), pattern = std::move(*pattern)](const AnswerContext&) {
    SuccessBody body;
    write_metric_families(body.json(), *page, pattern);
    return body.finish();
  };
  co_return co_await lane->run(std::move(answer));
}

}  // namespace

void add_status_api(net::HttpRouter& router, QueryLane& lane, StatusSource source) {
  using Captures = net::HttpRouter::Captures;
  std::ranges::sort(source.flags);
  const auto shared = std::make_shared<const StatusSource>(std::move(source));
  const auto add = [&](std::string_view path, auto handler) {
    router.add("GET", path, [shared, handler](net::HttpRequest, Captures) { return handler(shared); });
  };
  add("/api/v1/status/flags", flags);
  add("/api/v1/status/config", config);
  add("/api/v1/status/tsdb/blocks", blocks);
  add("/api/v1/status/walreplay", wal_replay);
  add("/api/v1/alertmanagers", alertmanagers);
  router.add("GET", "/api/v1/status/buildinfo", [](net::HttpRequest, Captures) { return build_info(); });
  router.add("GET", "/version", [](net::HttpRequest, Captures) { return version_page(); });
  router.add("GET", "/api/v1/status/runtimeinfo", [shared, lane = &lane](net::HttpRequest, Captures) {
    return runtime_info(shared, lane->loop().clock().now());
  });
  router.add("GET", "/api/v1/status/tsdb", [shared, lane = &lane](net::HttpRequest request, Captures) {
    return tsdb(lane, shared, std::move(request));
  });
  router.add("GET", "/api/v1/status/self_metrics", [shared, lane = &lane](net::HttpRequest request, Captures) {
    return self_metrics(lane, shared, std::move(request));
  });
}

}  // namespace tocsin::api
