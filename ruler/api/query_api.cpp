#include "api/query_api.hpp"

#include <algorithm>
#include <limits>

#include "api/ast_json.hpp"
#include "api/envelope.hpp"
#include "api/params.hpp"
#include "api/query_answer.hpp"
#include "api/series_api.hpp"
#include "base/strings.hpp"
#include "net/http_text.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::api {
namespace {

struct QueryParams {
  std::string text;
  std::shared_ptr<const promql::parser::Expr> expr;
  promql::QueryOptions options;
  Timestamp start = 0, end = 0;
  std::int64_t step_ms = 0;
  std::size_t limit = 0;
  std::string stats;
  bool take_gzip = false;
  bool has_timeout = false;  // that the request names
};

/// timeout, lookback_delta, query, stats. A timeout that is longer than the engine's changes nothing; it runs from now
/// on, also while the query is in line.
Result<void> read_common_params(const Params& params, const promql::Engine& engine, QueryParams& out) {
  out.options.timeout = engine.options().timeout;
  if (!params.text("timeout").empty()) {
    TOCSIN_TRY(const Duration timeout, params.duration("timeout"));
    out.has_timeout = true;
    out.options.timeout = std::min(timeout, engine.options().timeout);
  }
  if (const std::string& text = params.text("lookback_delta"); !text.empty()) {
    auto lookback = parse_duration_param(text);
    if (!lookback) return fail(std::move(lookback.error()).wrap("error parsing lookback delta duration"));
    out.options.lookback_delta = *lookback;
  }
  out.stats = params.text("stats");
  out.options.per_step_stats = out.stats == "all";
  out.text = params.text("query");
  auto expr = promql::parser::parse_expr(out.text, engine.options().parser);
  if (!expr) return fail(invalid_parameter("query", expr.error().message));
  out.expr = std::move(*expr);
  return {};
}

Result<QueryParams> read_instant_params(const net::HttpRequest& request, const promql::Engine& engine, Timestamp now) {
  const Params params(request);
  QueryParams out;
  TOCSIN_TRY(out.limit, params.limit());
  TOCSIN_TRY(out.start, params.time("time", now));
  out.end = out.start;
  TOCSIN_OK(read_common_params(params, engine, out));
  return out;
}

/// More steps than `max_points` between start and end. Steps may be shorter than a millisecond, spans longer than what
/// nanoseconds can tell.
bool has_too_many_points(const QueryParams& params, Duration step, std::size_t max_points) {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  const auto span_ms = static_cast<std::uint64_t>(params.end - params.start);
  const auto step_ns = static_cast<std::uint64_t>(step.count());
  if (span_ms <= std::numeric_limits<std::uint64_t>::max() / kNsPerMs) return span_ms * kNsPerMs / step_ns > max_points;
  return step_ns < kNsPerMs || span_ms / (step_ns / kNsPerMs) > max_points;
}

Result<QueryParams> read_range_params(const net::HttpRequest& request, const promql::Engine& engine,
                                      std::size_t max_points) {
  const Params params(request);
  QueryParams out;
  TOCSIN_TRY(out.limit, params.limit());
  for (const std::string_view name : {"start", "end"}) {
    auto t = parse_time(params.text(name));
    if (!t) return fail(invalid_parameter(name, t.error().message));
    (name == "start" ? out.start : out.end) = *t;
  }
  if (out.end < out.start) return fail(invalid_parameter("end", "end timestamp must not be before start time"));
  auto step = parse_duration_param(params.text("step"));
  if (!step) return fail(invalid_parameter("step", step.error().message));
  out.step_ms = to_ms(*step);
  if (*step > Duration{0} && has_too_many_points(out, *step, max_points)) {
    return fail(Errc::kInvalid,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)");
  }
  if (out.step_ms <= 0) {
    return fail(invalid_parameter(
        "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"));
  }
  TOCSIN_OK(read_common_params(params, engine, out));
  return out;
}

bool truncate_value(promql::Value& value, std::size_t limit) {
  const auto truncate = [limit](auto& list) {
    if (limit == 0 || list.size() <= limit) return false;
    list.resize(limit);
    return true;
  };
  if (auto* vector = std::get_if<promql::Vector>(&value)) return truncate(*vector);
  if (auto* matrix = std::get_if<promql::Matrix>(&value)) return truncate(*matrix);
  return false;
}

net::HttpResponse query_response(AnswerPath path, Result<promql::QueryResult> result, const QueryParams& params) {
  if (!result) {
    const Error& error = result.error();
    // What is wrong before anything is evaluated: the type of a range query, a duration that is none.
    return error_response(error.code == Errc::kInvalid ? invalid_parameter("query", error.message) : error);
  }
  if (truncate_value(result->value, params.limit)) result->warnings.push_back("results truncated due to limit");
  if (!params.stats.empty() && params.stats != "true" && params.stats != "all") {
    result->warnings.push_back(
        fmt::format("value {} for parameter \"stats\" is deprecated and will be rejected in the next major release, "
                    "use \"true\" or \"all\"",
                    go_quote(params.stats)));
  }
  path.take_gzip = params.take_gzip;
  if (params.stats.empty()) return query_answer(path, std::move(*result), nullptr);
  std::string stats;
  promql::append_query_stats(stats, result->stats);
  return query_answer(path, std::move(*result),
                      [stats = std::move(stats)](JsonWriter& json) { json.key("stats").raw(stats); });
}

/// With what is left of the timeout when the query's turn has come.
void start_clock(promql::QueryOptions& options, const AnswerContext& context) {
  options.canceled = context.canceled;
  options.timeout -= context.waited;
}

struct ExemplarParams {
  Timestamp start = 0, end = 0;
  std::shared_ptr<const promql::parser::Expr> expr;
};

Result<ExemplarParams> read_exemplar_params(const net::HttpRequest& request, const promql::Engine& engine) {
  const Params params(request);
  ExemplarParams out;
  TOCSIN_TRY(out.start, params.time("start", kAllStart));
  TOCSIN_TRY(out.end, params.time("end", kAllEnd));
  if (out.end < out.start) return fail(Errc::kInvalid, "end timestamp must not be before start timestamp");
  TOCSIN_TRY(out.expr, promql::parser::parse_expr(params.text("query"), engine.options().parser));
  return out;
}

net::HttpResponse exemplars_response(const ExemplarsFn& find, const ExemplarParams& params) {
  std::map<model::Labels, std::vector<storage::Exemplar>> found;
  for (const promql::parser::VectorSelector* selector : promql::parser::selectors(*params.expr)) {
    if (find) found.merge(find(params.start, params.end, selector->matchers));
  }
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_array();
  for (const auto& [labels, exemplars] : found) {
    json.begin_object().key("seriesLabels").labels(labels).key("exemplars").begin_array();
    for (const storage::Exemplar& exemplar : exemplars) {
      json.begin_object().key("labels").labels(exemplar.labels).key("value").sample_value(exemplar.value);
      json.key("timestamp").timestamp(exemplar.t).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return body.finish();
}

}  // namespace

/// A query that was read, and who asks. Shared by its request and the worker that answers.
struct QueryApi::Asked {
  QueryParams params;
  std::string client_ip, method, path;

  void record(promql::QueryRecorder& recorder, const promql::QueryStats& stats, const Error* error) const {
    recorder.add({params.text, params.start, params.end, params.step_ms, error, stats,
                  promql::HttpOrigin{client_ip, method, path}});
  }
};

QueryApi::QueryApi(QueryLane& lane, const promql::Engine& engine, storage::Queryable& store,
                   promql::QueryRecorder& recorder, QueryApiOptions options)
    : lane_(lane), engine_(engine), store_(store), recorder_(recorder), options_(std::move(options)) {}

void QueryApi::add_to(net::HttpRouter& router) {
  const auto add = [&](std::string_view path, auto method) {
    router.add("GET,POST", path, [this, method](net::HttpRequest request, net::HttpRouter::Captures) {
      return (this->*method)(std::move(request));
    });
  };
  add("/api/v1/query", &QueryApi::query);
  add("/api/v1/query_range", &QueryApi::query_range);
  add("/api/v1/query_exemplars", &QueryApi::query_exemplars);
  add("/api/v1/format_query", &QueryApi::format_query);
  add("/api/v1/parse_query", &QueryApi::parse_query);
  add_series_api(router, lane_, store_);
}

net::Task<net::HttpResponse> QueryApi::query(net::HttpRequest request) {
  auto params = read_instant_params(request, engine_, lane_.loop().clock().now());
  if (!params) co_return error_response(params.error());
  co_return co_await run(std::make_shared<Asked>(Asked{std::move(*params), {}, {}, {}}), std::move(request));
}

net::Task<net::HttpResponse> QueryApi::query_range(net::HttpRequest request) {
  auto params = read_range_params(request, engine_, options_.max_points);
  if (!params) co_return error_response(params.error());
  co_return co_await run(std::make_shared<Asked>(Asked{std::move(*params), {}, {}, {}}), std::move(request));
}

net::Task<net::HttpResponse> QueryApi::run(std::shared_ptr<Asked> asked, net::HttpRequest request) {
  if (options_.subquery_step) asked->params.options.default_subquery_step = options_.subquery_step();
  asked->params.take_gzip = net::accepts_gzip(request.headers.get("Accept-Encoding"));
  asked->method = request.method;
  asked->path = options_.path_prefix + request.target.substr(0, request.target.find('?'));
  Asker asker(request);
  asked->client_ip = asker.host;
  asker.timeout = std::max(Duration{1}, asked->params.options.timeout);
  // Prometheus takes a place to parse the query before it takes one to run it. Only a timeout of the request's own ends
  // the wait for the first, and is then an error of the parameter.
  if (asked->params.has_timeout) asker.late_answer = invalid_parameter("query", kDeadlineExceeded);
  asker.ended_in_line = [recorder = &recorder_, asked](const Error& error, Duration waited) {
    promql::QueryStats stats;
    stats.waiting = waited;
    asked->record(*recorder, stats, &error);
  };
  QueryLane::Answer answer = [this, asked](const AnswerContext& context) { return evaluate(*asked, context); };
  co_return co_await lane_.run(std::move(asker), std::move(answer));
}

Result<promql::QueryResult> QueryApi::run_in_time(Asked& asked, const AnswerContext& context) const {
  QueryParams& params = asked.params;
  if (context.waited >= params.options.timeout) return fail(Errc::kTimeout, "query timed out in query execution");
  start_clock(params.options, context);
  const promql::ActiveQueryLog::Entry active(options_.active_queries, params.text);
  if (params.step_ms == 0) return engine_.instant(store_, *params.expr, params.start, params.options);
  return engine_.range(store_, *params.expr, params.start, params.end, params.step_ms, params.options);
}

net::HttpResponse QueryApi::evaluate(Asked& asked, const AnswerContext& context) const {
  QueryParams& params = asked.params;
  promql::QueryStats stats;
  params.options.stats = &stats;
  params.options.text = params.text;
  auto result = run_in_time(asked, context);
  stats.waiting = context.waited;
  if (result) result->stats = stats;
  asked.record(recorder_, stats, result ? nullptr : &result.error());
  return query_response({lane_.loop(), lane_.executor()}, std::move(result), params);
}

net::Task<net::HttpResponse> QueryApi::query_exemplars(net::HttpRequest request) {
  const auto params = read_exemplar_params(request, engine_);
  if (!params) co_return error_response(params.error());
  if (promql::parser::selectors(*params->expr).empty()) co_return no_content();
  QueryLane::Answer answer = [this, params = *params](const AnswerContext&) {
    return exemplars_response(options_.exemplars, params);
  };
  co_return co_await lane_.run(Asker(request), std::move(answer));
}

// Printing a long expression over many lines, or its tree as JSON, takes its time: on the lane.

net::Task<net::HttpResponse> QueryApi::format_query(net::HttpRequest request) {
  QueryLane::Answer answer = [this, query = Params(request).text("query")](const AnswerContext&) {
    auto expr = promql::parser::parse_expr(query, engine_.options().parser);
    if (!expr) return error_response(invalid_parameter("query", expr.error().message));
    SuccessBody body;
    body.json().text(promql::parser::to_pretty_string(**expr));
    return body.finish();
  };
  co_return co_await lane_.run(Asker(request), std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::parse_query(net::HttpRequest request) {
  QueryLane::Answer answer = [this, query = Params(request).text("query")](const AnswerContext&) {
    auto expr = promql::parser::parse_expr(query, engine_.options().parser);
    if (!expr) return error_response(invalid_parameter("query", expr.error().message));
    SuccessBody body;
    write_ast(body.json(), **expr);
    return body.finish();
  };
  co_return co_await lane_.run(Asker(request), std::move(answer));
}

}  // namespace tocsin::api
