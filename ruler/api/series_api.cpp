#include "api/series_api.hpp"

#include <set>

#include "api/envelope.hpp"
#include "api/params.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::api {
namespace {

constexpr std::size_t kLooksAfter = 128;  // series between two looks whether somebody still waits

struct SeriesParams {
  MatcherSets sets;
  Timestamp start = kAllStart, end = kAllEnd;
  std::size_t limit = 0;
  /// One more than will be shown, so that the end is known.
  std::size_t store_limit() const { return limit == 0 ? 0 : limit + 1; }
};

Result<SeriesParams> read_params(const Params& params) {
  SeriesParams out;
  TOCSIN_TRY(out.limit, params.limit());
  TOCSIN_TRY(out.start, params.time("start", kAllStart));
  TOCSIN_TRY(out.end, params.time("end", kAllEnd));
  TOCSIN_TRY(out.sets, params.matchers());
  return out;
}

template <typename T>
std::vector<std::string> truncate(std::vector<T>& list, std::size_t limit) {
  if (limit == 0 || list.size() <= limit) return {};
  list.resize(limit);
  return {"results truncated due to limit"};
}

/// As there, chunks decide: a series may be found whose samples lie around the time asked for.
Result<void> find_series(storage::Querier& querier, const SeriesParams& params,
                         std::span<const model::Matcher> matchers, const AnswerContext& context,
                         std::set<model::Labels>& found) {
  storage::SelectHints hints;
  hints.start = params.start;
  hints.end = params.end;
  hints.function = "series";
  hints.sorted = true;
  hints.limit = params.store_limit();
  const auto set = querier.select(hints, matchers);
  for (std::size_t seen = 1; set->next(); ++seen) {
    if (seen % kLooksAfter == 0 && context.is_canceled()) return fail(Errc::kCanceled, "context canceled");
    found.insert(set->labels());
  }
  return set->status();
}

Result<std::vector<model::Labels>> find_all_series(storage::Queryable& store, const SeriesParams& params,
                                                   const AnswerContext& context) {
  std::set<model::Labels> found;
  if (params.start <= params.end) {
    TOCSIN_TRY(auto querier, store.querier(params.start, params.end));
    for (const auto& matchers : params.sets) {
      TOCSIN_OK(find_series(*querier, params, matchers, context, found));
    }
  }
  return std::vector<model::Labels>(found.begin(), found.end());
}

net::HttpResponse series_response(storage::Queryable& store, const SeriesParams& params, const AnswerContext& context) {
  auto found = find_all_series(store, params, context);
  if (!found) return error_response(found.error());
  const auto warnings = truncate(*found, params.limit);
  SuccessBody body;
  body.json().begin_array();
  for (const model::Labels& labels : *found) body.json().labels(labels);
  body.json().end_array();
  return body.finish(warnings);
}

using Texts = Result<std::vector<std::string>>;
using Ask = std::function<Texts(storage::Querier&, std::span<const model::Matcher>, std::size_t limit)>;

/// The union over the selectors of what `ask` finds for each, or for no selector at all.
Texts find_texts(storage::Queryable& store, const SeriesParams& params, const AnswerContext& context, const Ask& ask) {
  if (params.end < params.start) return std::vector<std::string>();
  TOCSIN_TRY(auto querier, store.querier(params.start, params.end));
  if (params.sets.empty()) return ask(*querier, {}, params.store_limit());
  std::set<std::string> all;
  for (const auto& matchers : params.sets) {
    if (context.is_canceled()) return fail(Errc::kCanceled, "context canceled");
    TOCSIN_TRY(auto some, ask(*querier, matchers, params.store_limit()));
    all.insert(std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return std::vector<std::string>(all.begin(), all.end());
}

net::HttpResponse texts_response(Texts texts, std::size_t limit) {
  if (!texts) return error_response(texts.error());
  const auto warnings = truncate(*texts, limit);
  SuccessBody body;
  body.json().begin_array();
  for (const std::string& text : *texts) body.json().text(text);
  body.json().end_array();
  return body.finish(warnings);
}

/// Prometheus' "U__" escaping of names that a path cannot carry: `U__a_2e_b` is a.b. What is not escaped rightly stays
/// as it is. Source: prometheus/common model/metric.go, UnescapeName.
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

net::Task<net::HttpResponse> series(QueryLane* lane, storage::Queryable* store, net::HttpRequest request) {
  const Params given(request);
  if (given.all("match[]").empty()) {
    co_return error_response(Error{Errc::kInvalid, "no match[] parameter provided"});
  }
  auto params = read_params(given);
  if (!params) {
    const bool of_selector = !given.matchers() && !params.error().message.starts_with("invalid parameter");
    co_return error_response(of_selector ? invalid_parameter("match[]", params.error().message) : params.error());
  }
  QueryLane::Answer answer = [store, params = std::move(*params)](const AnswerContext& context) {
    return series_response(*store, params, context);
  };
  co_return co_await lane->run(Asker(request), std::move(answer));
}

net::Task<net::HttpResponse> texts(QueryLane* lane, storage::Queryable* store, net::HttpRequest request, Ask ask) {
  auto params = read_params(Params(request));
  if (!params) co_return error_response(params.error());
  QueryLane::Answer answer = [store, params = std::move(*params), ask = std::move(ask)](const AnswerContext& context) {
    return texts_response(find_texts(*store, params, context, ask), params.limit);
  };
  co_return co_await lane->run(Asker(request), std::move(answer));
}

net::Task<net::HttpResponse> label_names(QueryLane* lane, storage::Queryable* store, net::HttpRequest request) {
  Ask ask = [](storage::Querier& querier, std::span<const model::Matcher> matchers, std::size_t limit) {
    return querier.label_names(matchers, limit);
  };
  return texts(lane, store, std::move(request), std::move(ask));
}

net::Task<net::HttpResponse> label_values(QueryLane* lane, storage::Queryable* store, net::HttpRequest request,
                                          std::string name) {
  name = unescape_name(name);
  if (!model::is_valid_name(name)) {
    co_return error_response(Error{Errc::kInvalid, fmt::format("invalid label name: {}", go_quote(name))});
  }
  Ask ask = [name](storage::Querier& querier, std::span<const model::Matcher> matchers, std::size_t limit) {
    return querier.label_values(name, matchers, limit);
  };
  co_return co_await texts(lane, store, std::move(request), std::move(ask));
}

}  // namespace

void add_series_api(net::HttpRouter& router, QueryLane& lane, storage::Queryable& store) {
  using Captures = net::HttpRouter::Captures;
  router.add("GET,POST", "/api/v1/series", [lane = &lane, store = &store](net::HttpRequest request, Captures) {
    return series(lane, store, std::move(request));
  });
  router.add("GET,POST", "/api/v1/labels", [lane = &lane, store = &store](net::HttpRequest request, Captures) {
    return label_names(lane, store, std::move(request));
  });
  router.add("GET", "/api/v1/label/{name}/values",
             [lane = &lane, store = &store](net::HttpRequest request, Captures captures) {
               return label_values(lane, store, std::move(request), std::move(captures[0]));
             });
}

}  // namespace tocsin::api
