#include "api/admin_api.hpp"

#include <chrono>
#include <memory>

#include "api/envelope.hpp"
#include "api/params.hpp"

namespace tocsin::api {
namespace {

using SourcePtr = std::shared_ptr<const AdminSource>;

net::Task<net::HttpResponse> refuse(Error error) {
  co_return error_response(error);
}

net::Task<net::HttpResponse> refuse_plainly(std::string text) {
  co_return plain_error(404, text);
}

/// Whatever the store says is "internal" there, but for a parameter.
net::HttpResponse answer(Result<void> done) {
  if (done) return no_content();
  return error_response(Error{Errc::kInternal, std::move(done).error().message});
}

net::Task<net::HttpResponse> delete_series(QueryLane* lane, SourcePtr source, net::HttpRequest request) {
  const Params params(request);
  if (params.all("match[]").empty()) {
    co_return error_response(Error{Errc::kInvalid, "no match[] parameter provided"});
  }
  const auto start = params.time("start", kAllStart);
  if (!start) co_return error_response(start.error());
  const auto end = params.time("end", kAllEnd);
  if (!end) co_return error_response(end.error());
  auto matchers = params.any_matchers();
  if (!matchers) co_return error_response(matchers.error());
  QueryLane::Answer work = [source, from = *start, to = *end, sets = std::move(*matchers)](const AnswerContext&) {
    for (const auto& one : sets) {
      if (auto removed = source->remove(from, to, one); !removed) return answer(std::move(removed));
    }
    return no_content();
  };
  co_return co_await lane->run(std::move(work));
}

net::Task<net::HttpResponse> clean_tombstones(QueryLane* lane, SourcePtr source) {
  QueryLane::Answer work = [source](const AnswerContext&) { return answer(source->clean_tombstones()); };
  co_return co_await lane->run(std::move(work));
}

net::Task<net::HttpResponse> snapshot(QueryLane* lane, SourcePtr source, net::HttpRequest request) {
  bool skip_head = false;
  if (const std::string text = Params(request).text("skip_head"); !text.empty()) {
    const auto given = parse_go_bool(text);
    if (!given) {
      co_return error_response(invalid_parameter("skip_head", "unable to parse boolean: " + given.error().message));
    }
    skip_head = *given;
  }
  Rng rng = Rng::from_system();
  const std::string name = snapshot_name(lane->loop().clock().now(), rng);
  QueryLane::Answer work = [source, name, skip_head](const AnswerContext&) {
    if (auto made = source->snapshot(name, !skip_head); !made) {
      return answer(fail(std::move(made).error().wrap("create snapshot")));
    }
    SuccessBody body;
    body.json().begin_object().key("name").text(name).end_object();
    return body.finish();
  };
  co_return co_await lane->run(std::move(work));
}

}  // namespace

std::string snapshot_name(Timestamp now, Rng& rng) {
  using std::chrono::sys_time;
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now)));
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(seconds - days);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z-{:016x}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), rng.next() >> 1U);
}

void add_admin_api(net::HttpRouter& router, QueryLane& lane, bool admin_enabled, AdminSource source) {
  using Captures = net::HttpRouter::Captures;
  const auto shared = std::make_shared<const AdminSource>(std::move(source));
  const auto add = [&](std::string_view path, auto handler) {
    router.add("POST,PUT", fmt::format("/api/v1/admin/tsdb/{}", path),
               [=, lane = &lane](net::HttpRequest request, Captures) {
                 if (!admin_enabled) return refuse(Error{Errc::kUnavailable, "admin APIs disabled"});
                 return handler(lane, shared, std::move(request));
               });
  };
  add("delete_series", delete_series);
  add("snapshot", snapshot);
  add("clean_tombstones",
      [](QueryLane* to, SourcePtr from, const net::HttpRequest&) { return clean_tombstones(to, std::move(from)); });
  for (const std::string_view path : {"metric_names", "label_names", "label_values"}) {
    router.add("GET,POST", fmt::format("/api/v1/search/{}", path),
               [](net::HttpRequest, Captures) { return refuse(Error{Errc::kUnavailable, "search API disabled"}); });
  }
  router.add("POST", "/api/v1/otlp/v1/metrics", [](net::HttpRequest, Captures) {
    return refuse_plainly("otlp write receiver needs to be enabled with --web.enable-otlp-receiver");
  });
}

}  // namespace tocsin::api
