#include "api/federate.hpp"

#include <map>

#include "api/envelope.hpp"
#include "api/federate_page.hpp"
#include "api/params.hpp"

namespace tocsin::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 256U << 20U;
constexpr std::size_t kLooksAfter = 128;  // series between two looks whether somebody still waits

struct Federate {
  MatcherSets sets;
  Timestamp now = 0;
  Duration lookback{0};
  model::Labels external;
  FederateStyle style;
};

/// By metric name, then by labels, as the page stands.
struct ByName {
  bool operator()(const model::Labels& a, const model::Labels& b) const {
    const int order = a.metric_name().compare(b.metric_name());
    return order != 0 ? order < 0 : a < b;
  }
};
using NewestSamples = std::map<model::Labels, FederateSample, ByName>;

Result<void> read_newest(storage::Querier& querier, const Federate& federate, std::span<const model::Matcher> matchers,
                         const AnswerContext& context, NewestSamples& out) {
  storage::SelectHints hints;
  hints.start = federate.now - to_ms(federate.lookback);
  hints.end = federate.now;
  storage::SampleColumns samples;
  const auto set = querier.select(hints, matchers);
  for (std::size_t seen = 1; set->next(); ++seen) {
    if (seen % kLooksAfter == 0 && context.is_canceled()) return fail(Errc::kCanceled, "context canceled");
    TOCSIN_OK(set->read(hints.start, hints.end, samples));
    if (samples.size() == 0 || set->labels().metric_name().empty()) continue;
    FederateSample newest{samples.times.back(), samples.values.back(), nullptr};
    if (!samples.histograms.empty()) newest.histogram = std::move(samples.histograms.back());
    if (newest.histogram ? model::is_stale(*newest.histogram) : model::is_stale(newest.value)) continue;
    out.insert_or_assign(set->labels(), std::move(newest));
  }
  return set->status();
}

Result<std::string> render(storage::Queryable& store, const Federate& federate, const AnswerContext& context) {
  TOCSIN_TRY(auto querier, store.querier(federate.now - to_ms(federate.lookback), federate.now));
  NewestSamples newest;
  for (const auto& matchers : federate.sets) {
    TOCSIN_OK(read_newest(*querier, federate, matchers, context, newest));
  }
  FederatePage page(federate.style, federate.external);
  for (const auto& [labels, sample] : newest) {
    page.add(labels, sample);
    if (page.size() > kMaxBodyBytes) {
      return fail(Errc::kLimit, "the answer is larger than {} bytes: ask for fewer series", kMaxBodyBytes);
    }
  }
  return page.take();
}

net::Task<net::HttpResponse> federate(Federation federation, net::HttpRequest request) {
  Federate params;
  auto sets = Params(request).any_matchers();
  if (!sets) co_return plain_error(400, sets.error().message);
  params.sets = std::move(*sets);
  params.now = federation.lane.loop().clock().now();
  params.lookback = federation.lookback;
  params.external = federation.external_labels();
  params.style = federate_style(request.headers.get("Accept"));
  QueryLane::Answer answer = [store = &federation.store, params = std::move(params)](const AnswerContext& context) {
    auto page = render(*store, params, context);
    if (!page) return plain_error(500, page.error().message);
    return net::HttpResponse(200, content_type(params.style), std::move(*page));
  };
  co_return co_await federation.lane.run(Asker(request), std::move(answer));
}

}  // namespace

void add_federate(net::HttpRouter& router, const Federation& federation) {
  router.add("GET", "/federate", [federation](net::HttpRequest request, net::HttpRouter::Captures) {
    return federate(federation, std::move(request));
  });
}

}  // namespace tocsin::api
