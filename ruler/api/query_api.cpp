#include "api/query_api.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "api/envelope.hpp"
#include "api/query_json.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::api {
namespace {

// "minimum" and "maximum" time of Prometheus' API, which stand for "all of it".
constexpr Timestamp kAllStart = -9'000'000'000'000'000;
constexpr Timestamp kAllEnd = 9'000'000'000'000'000;

struct QueryParams {
  std::shared_ptr<const promql::parser::Expr> expr;
  promql::QueryOptions options;
  Timestamp start = 0, end = 0;
  std::int64_t step_ms = 0;
  std::size_t limit = 0;
  bool stats = false;
};

Result<Duration> duration_param(const net::HttpRequest& request, std::string_view name) {
  const std::string text = request.param(name);
  if (text.empty()) return Duration{0};
  auto duration = parse_duration_param(text);
  if (!duration) return fail(invalid_parameter(name, duration.error().message));
  return *duration;
}

Result<QueryParams> read_query_params(const net::HttpRequest& request) {
  QueryParams params;
  TOCSIN_TRY(params.limit, limit_param(request));
  TOCSIN_TRY(params.options.timeout, duration_param(request, "timeout"));
  TOCSIN_TRY(params.options.lookback_delta, duration_param(request, "lookback_delta"));
  auto expr = promql::parser::parse_expr(request.param("query"));
  if (!expr) return fail(invalid_parameter("query", expr.error().message));
  params.expr = std::move(*expr);
  params.stats = !request.param("stats").empty();
  return params;
}

Result<QueryParams> read_range_params(const net::HttpRequest& request, std::size_t max_points) {
  QueryParams params;
  for (const std::string_view name : {"start", "end"}) {
    auto t = parse_time(request.param(name));
    if (!t) return fail(invalid_parameter(name, t.error().message));
    (name == "start" ? params.start : params.end) = *t;
  }
  if (params.end < params.start) return fail(invalid_parameter("end", "end timestamp must not be before start time"));
  auto step = parse_duration_param(request.param("step"));
  if (!step) return fail(invalid_parameter("step", step.error().message));
  if (to_ms(*step) <= 0) {
    return fail(invalid_parameter(
        "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"));
  }
  const Timestamp start = params.start, end = params.end;
  TOCSIN_TRY(params, read_query_params(request));
  params.start = start;
  params.end = end;
  params.step_ms = to_ms(*step);
  if (static_cast<std::uint64_t>(end - start) / static_cast<std::uint64_t>(params.step_ms) > max_points) {
    return fail(Errc::kInvalid,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)");
  }
  return params;
}

template <typename T>
bool truncate(std::vector<T>& list, std::size_t limit) {
  if (limit == 0 || list.size() <= limit) return false;
  list.resize(limit);
  return true;
}

bool truncate_value(promql::Value& value, std::size_t limit) {
  if (auto* vector = std::get_if<promql::Vector>(&value)) return truncate(*vector, limit);
  if (auto* matrix = std::get_if<promql::Matrix>(&value)) return truncate(*matrix, limit);
  return false;
}

net::HttpResponse query_response(Result<promql::QueryResult> result, const QueryParams& params) {
  if (!result) return error_response(result.error());
  if (truncate_value(result->value, params.limit)) result->warnings.push_back("results truncated due to limit");
  SuccessBody body;
  JsonWriter& json = body.json();
  open_query_data(json, result->value);
  if (params.stats) {
    json.key("stats").begin_object().key("timings").begin_object().end_object();
    json.key("samples").begin_object();
    json.key("totalQueryableSamples").integer(static_cast<std::int64_t>(result->stats.samples_read));
    json.key("peakSamples").integer(static_cast<std::int64_t>(result->stats.peak_samples));
    json.end_object().end_object();
  }
  json.end_object();
  return body.finish(result->warnings, result->infos);
}

using MatcherSets = std::vector<std::vector<model::Matcher>>;

Result<MatcherSets> match_params(const net::HttpRequest& request) {
  MatcherSets sets;
  for (const std::string& text : request.all_params("match[]")) {
    auto matchers = promql::parser::parse_metric_selector(text);
    if (!matchers) return fail(invalid_parameter("match[]", matchers.error().message));
    sets.push_back(std::move(*matchers));
  }
  return sets;
}

struct MetadataParams {
  MatcherSets sets;
  Timestamp start = kAllStart, end = kAllEnd;
  std::size_t limit = 0;
};

Result<MetadataParams> read_metadata_params(const net::HttpRequest& request) {
  MetadataParams params;
  TOCSIN_TRY(params.limit, limit_param(request));
  TOCSIN_TRY(params.start, time_param(request, "start", kAllStart));
  TOCSIN_TRY(params.end, time_param(request, "end", kAllEnd));
  if (params.end < params.start) return fail(invalid_parameter("end", "end timestamp must not be before start time"));
  TOCSIN_TRY(params.sets, match_params(request));
  return params;
}

Result<std::vector<model::Labels>> find_series(storage::Queryable& store, const MetadataParams& params) {
  TOCSIN_TRY(auto querier, store.querier(params.start, params.end));
  std::set<model::Labels> found;
  storage::SelectHints hints;
  hints.start = params.start;
  hints.end = params.end;
  hints.function = "series";
  hints.sorted = true;
  hints.limit = params.limit == 0 ? 0 : params.limit + 1;
  storage::SampleColumns samples;
  for (const auto& matchers : params.sets) {
    auto set = querier->select(hints, matchers);
    while (set->next()) {
      if (params.start != kAllStart || params.end != kAllEnd) {
        TOCSIN_OK(set->read(params.start, params.end, samples));
        if (samples.size() == 0) continue;
      }
      found.insert(set->labels());
    }
    TOCSIN_OK(set->status());
  }
  return std::vector<model::Labels>(found.begin(), found.end());
}

/// The union over the selectors of what `ask` finds for each, or for no selector at all.
template <typename Ask>
Result<std::vector<std::string>> merged(const MetadataParams& params, Ask ask) {
  const std::size_t limit = params.limit == 0 ? 0 : params.limit + 1;
  if (params.sets.empty()) return ask(std::span<const model::Matcher>(), limit);
  std::set<std::string> all;
  for (const auto& matchers : params.sets) {
    TOCSIN_TRY(auto some, ask(std::span<const model::Matcher>(matchers), limit));
    all.insert(std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return std::vector<std::string>(all.begin(), all.end());
}

net::HttpResponse texts_response(Result<std::vector<std::string>> texts, std::size_t limit) {
  if (!texts) return error_response(texts.error());
  std::vector<std::string> warnings;
  if (truncate(*texts, limit)) warnings.push_back("results truncated due to limit");
  SuccessBody body;
  body.json().begin_array();
  for (const std::string& text : *texts) body.json().text(text);
  body.json().end_array();
  return body.finish(warnings);
}

/// Prometheus' "U__" escaping of names that a path cannot carry: `U__a_2e_b` is a.b. Source: model/metric.go,
/// UnescapeName.
std::string unescape_name(std::string_view name) {
  if (!name.starts_with("U__")) return std::string(name);
  std::string out;
  for (std::size_t i = 3; i < name.size(); ++i) {
    if (name[i] != '_') {
      out += name[i];
      continue;
    }
    if (i + 1 < name.size() && name[i + 1] == '_') {
      out += '_';
      ++i;
      continue;
    }
    const std::size_t close = name.find('_', i + 1);
    if (close == std::string_view::npos || close == i + 1 || close - i > 7) return std::string(name);
    std::uint32_t rune = 0;
    for (const char c : name.substr(i + 1, close - i - 1)) {
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return std::string(name);
      rune = rune * 16 + static_cast<std::uint32_t>(digit);
    }
    append_utf8(out, rune);
    i = close;
  }
  return out;
}

}  // namespace

QueryApi::QueryApi(net::TaskLoop& loop, WorkPool& work, const promql::Engine& engine, storage::Queryable& store,
                   QueryApiOptions options)
    : loop_(loop), work_(work), engine_(engine), store_(store), options_(options) {}

QueryApiStats QueryApi::stats() const {
  QueryApiStats stats = stats_;
  stats.waiting = waiting_.size();
  return stats;
}

void QueryApi::add_to(net::HttpRouter& router) {
  using Captures = net::HttpRouter::Captures;
  const auto add = [&](std::string_view methods, std::string_view path, auto method) {
    router.add(methods, path,
               [this, method](net::HttpRequest request, Captures) { return (this->*method)(std::move(request)); });
  };
  add("GET,POST", "/api/v1/query", &QueryApi::query);
  add("GET,POST", "/api/v1/query_range", &QueryApi::query_range);
  add("GET,POST", "/api/v1/series", &QueryApi::series);
  add("GET,POST", "/api/v1/labels", &QueryApi::labels);
  add("GET,POST", "/api/v1/format_query", &QueryApi::format_query);
  router.add("GET", "/api/v1/label/{name}/values", [this](net::HttpRequest request, Captures captures) {
    return label_values(std::move(request), std::move(captures[0]));
  });
}

/// A query's place among those that run. Destroyed with its task, also when the client went away: then the place goes
/// to the next in line. Thread: the loop's.
struct QueryApi::Place {
  explicit Place(QueryApi& a) : api(a) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    waiter->gone = true;
    if (waiter->granted) api.release();
  }
  QueryApi& api;
  std::shared_ptr<Waiter> waiter = std::make_shared<Waiter>();
};

void QueryApi::release() {
  while (!waiting_.empty()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next->gone) continue;
    next->granted = true;  // the place is handed over: running stays as it is
    loop_.post(next->wake);
    return;
  }
  --stats_.running;
}

net::Task<net::HttpResponse> QueryApi::run(Answer answer) {
  ++stats_.queries;
  Place place(*this);
  if (stats_.running < options_.max_concurrency) {
    ++stats_.running;
    place.waiter->granted = true;
  } else if (waiting_.size() >= options_.max_waiting) {
    ++stats_.refused;
    co_return error_response(Error{Errc::kTimeout, "too many queries are waiting already"});
  } else {
    std::function<void(std::function<void()>)> enqueue = [this, waiter = place.waiter](std::function<void()> wake) {
      waiter->wake = std::move(wake);
      waiting_.push_back(waiter);
    };
    co_await net::detail::wait_for_callback(std::move(enqueue));
  }
  co_return co_await net::run_on(loop_, work_.lane(Lane::kQuery), std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::query(net::HttpRequest request) {
  auto at = time_param(request, "time", loop_.clock().now());
  if (!at) co_return error_response(at.error());
  auto params = read_query_params(request);
  if (!params) co_return error_response(params.error());
  if (options_.subquery_step) params->options.default_subquery_step = options_.subquery_step();
  Answer answer = [this, params = *params, at = *at] {
    return query_response(engine_.instant(store_, *params.expr, at, params.options), params);
  };
  co_return co_await run(std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::query_range(net::HttpRequest request) {
  auto params = read_range_params(request, options_.max_points);
  if (!params) co_return error_response(params.error());
  if (options_.subquery_step) params->options.default_subquery_step = options_.subquery_step();
  Answer answer = [this, params = *params] {
    return query_response(engine_.range(store_, *params.expr, params.start, params.end, params.step_ms, params.options),
                          params);
  };
  co_return co_await run(std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::series(net::HttpRequest request) {
  auto params = read_metadata_params(request);
  if (!params) co_return error_response(params.error());
  if (params->sets.empty()) co_return error_response(Error{Errc::kInvalid, "no match[] parameter provided"});
  Answer answer = [this, params = *params] {
    auto found = find_series(store_, params);
    if (!found) return error_response(found.error());
    std::vector<std::string> warnings;
    if (truncate(*found, params.limit)) warnings.push_back("results truncated due to limit");
    SuccessBody body;
    body.json().begin_array();
    for (const model::Labels& labels : *found) body.json().labels(labels);
    body.json().end_array();
    return body.finish(warnings);
  };
  co_return co_await run(std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::labels(net::HttpRequest request) {
  auto params = read_metadata_params(request);
  if (!params) co_return error_response(params.error());
  Answer answer = [this, params = *params] {
    auto querier = store_.querier(params.start, params.end);
    if (!querier) return error_response(querier.error());
    auto names = merged(params, [&](std::span<const model::Matcher> matchers, std::size_t limit) {
      return (*querier)->label_names(matchers, limit);
    });
    return texts_response(std::move(names), params.limit);
  };
  co_return co_await run(std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::label_values(net::HttpRequest request, std::string name) {
  name = unescape_name(name);
  if (!model::is_valid_name(name)) {
    co_return error_response(Error{Errc::kInvalid, fmt::format("invalid label name: {}", go_quote(name))});
  }
  auto params = read_metadata_params(request);
  if (!params) co_return error_response(params.error());
  Answer answer = [this, params = *params, name] {
    auto querier = store_.querier(params.start, params.end);
    if (!querier) return error_response(querier.error());
    auto values = merged(params, [&](std::span<const model::Matcher> matchers, std::size_t limit) {
      return (*querier)->label_values(name, matchers, limit);
    });
    return texts_response(std::move(values), params.limit);
  };
  co_return co_await run(std::move(answer));
}

net::Task<net::HttpResponse> QueryApi::format_query(net::HttpRequest request) {
  auto expr = promql::parser::parse_expr(request.param("query"));
  if (!expr) co_return error_response(invalid_parameter("query", expr.error().message));
  SuccessBody body;
  body.json().text(promql::parser::to_string(**expr));
  co_return body.finish();
}

}  // namespace tocsin::api
