#include "api/history_api.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/envelope.hpp"
#include "api/params.hpp"

namespace tocsin::api {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::Task;
using state::HistoryEvent;
using state::HistoryKind;
using state::HistoryPage;
using state::HistoryQuery;
using ApiPtr = std::shared_ptr<const HistoryApi>;

constexpr std::size_t kUsualLimit = 100;
constexpr std::size_t kMostEvents = 10'000;

/// `outcome` is short for the kinds of a delivery.
struct Outcome {
  std::string_view name;
  HistoryKind kind;
};
constexpr Outcome kOutcomes[] = {{"attempted", HistoryKind::kNotificationAttempted},
                                 {"delivered", HistoryKind::kNotificationDelivered},
                                 {"failed", HistoryKind::kNotificationFailed}};

std::string_view outcome_of(HistoryKind kind) {
  const auto* const found = std::ranges::find(kOutcomes, kind, &Outcome::kind);
  return found == std::end(kOutcomes) ? std::string_view() : found->name;
}

/// A word alone stands for all kinds that begin with it: "alert", "notification", "silence".
Result<void> add_kinds(const std::string& text, std::vector<HistoryKind>& kinds) {
  const std::size_t before = kinds.size();
  for (std::uint8_t number = 1; number <= state::kLastHistoryKind; ++number) {
    const auto kind = static_cast<HistoryKind>(number);
    const std::string_view name = state::history_kind_text(kind);
    if (name == text || (!text.empty() && name.starts_with(text + "_"))) kinds.push_back(kind);
  }
  if (kinds.size() > before) return {};
  return fail(invalid_parameter("kind", fmt::format("there is no kind of event \"{}\"", text)));
}

/// Both given: what is in both.
Result<void> read_kinds(const Params& params, std::vector<HistoryKind>& kinds) {
  for (const std::string& text : params.all("kind")) TOCSIN_OK(add_kinds(text, kinds));
  std::vector<HistoryKind> outcomes;
  for (const std::string& text : params.all("outcome")) {
    const auto* const found = std::ranges::find(kOutcomes, text, &Outcome::name);
    if (found == std::end(kOutcomes)) {
      return fail(invalid_parameter("outcome", "must be attempted, delivered or failed"));
    }
    outcomes.push_back(found->kind);
  }
  if (outcomes.empty()) return {};
  if (kinds.empty()) {
    kinds = std::move(outcomes);
    return {};
  }
  std::erase_if(kinds, [&](HistoryKind kind) { return std::ranges::find(outcomes, kind) == outcomes.end(); });
  if (kinds.empty()) return fail(invalid_parameter("outcome", "is of other kinds of events than those asked for"));
  return {};
}

Result<HistoryQuery> read_query(const HttpRequest& request) {
  const Params params(request);
  HistoryQuery query;
  TOCSIN_TRY(query.from, params.time("start", 0));
  TOCSIN_TRY(query.to, params.time("end", kAllEnd));
  if (query.to < query.from) return fail(invalid_parameter("end", "end timestamp must not be before start time"));
  TOCSIN_OK(read_kinds(params, query.kinds));
  TOCSIN_TRY(query.matchers, params.matchers());
  query.receiver = params.text("receiver");
  query.text = params.text("text");
  TOCSIN_TRY(query.limit, params.limit());
  if (query.limit == 0) query.limit = kUsualLimit;
  query.limit = std::min(query.limit, kMostEvents);
  if (const std::string& cursor = params.text("cursor"); !cursor.empty()) {
    const auto before = parse_go_int("ParseInt", cursor);
    if (!before || *before <= 0) return fail(invalid_parameter("cursor", "is none of an answer"));
    query.before = *before;
  }
  return query;
}

void write_text(JsonWriter& json, std::string_view key, std::string_view text) {
  if (!text.empty()) json.key(key).text(text);
}

void write_time(JsonWriter& json, std::string_view key, Timestamp t) {
  if (t != 0) json.key(key).time(t);
}

void write_seconds(JsonWriter& json, double seconds) {
  json.key("durationSeconds").number(seconds);
}

void write_notification(JsonWriter& json, const HistoryEvent& event) {
  json.key("outcome").text(outcome_of(event.kind));
  json.key("receiver").text(event.receiver).key("integration").text(event.integration);
  json.key("index").integer(event.index).key("groupKey").text(event.group_key).key("reason").text(event.reason);
  write_text(json, "error", event.text);
  json.key("attempts").integer(event.attempts);
  write_seconds(json, to_seconds(event.duration));
  json.key("firing").integer(static_cast<std::int64_t>(event.firing));
  json.key("resolved").integer(static_cast<std::int64_t>(event.resolved));
  json.key("alerts").begin_array();
  for (const state::HistoryAlert& alert : event.alerts) {
    json.begin_object().key("status").text(alert.resolved ? "resolved" : "firing");
    json.key("labels").labels(alert.labels).end_object();
  }
  json.end_array();
}

void write_silence(JsonWriter& json, const HistoryEvent& event) {
  json.key("silenceId").text(event.id).key("matchers").text(event.text);
  write_text(json, "createdBy", event.author);
  write_text(json, "comment", event.comment);
  write_time(json, "startsAt", event.starts_at);
  write_time(json, "endsAt", event.ends_at);
}

void write_alert(JsonWriter& json, const HistoryEvent& event) {
  json.key("labels").labels(event.labels);
  if (!event.annotations.empty()) json.key("annotations").labels(event.annotations);
  write_time(json, "startsAt", event.starts_at);
  write_time(json, "endsAt", event.ends_at);
  if (event.ends_at != 0) write_seconds(json, static_cast<double>(event.ends_at - event.starts_at) / 1000);
  write_text(json, "receiver", event.receiver);
  write_text(json, "groupKey", event.group_key);
  write_text(json, "reason", event.reason);
  write_text(json, "by", event.text);
}

void write(JsonWriter& json, const HistoryEvent& event) {
  const std::string_view kind = state::history_kind_text(event.kind);
  json.begin_object().key("time").time(event.at).key("kind").text(kind);
  if (kind.starts_with("notification_")) {
    write_notification(json, event);
  } else if (kind.starts_with("silence_")) {
    write_silence(json, event);
  } else {
    write_alert(json, event);
  }
  json.end_object();
}

HttpResponse answer(const Result<HistoryPage>& page) {
  if (!page) return error_response(page.error());
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("events").begin_array();
  for (const HistoryEvent& event : page->events) write(json, event);
  json.end_array().key("nextCursor").text(page->next == 0 ? std::string() : std::to_string(page->next)).end_object();
  return body.finish();
}

/// Runs jobs when a search is over, on the history's thread.
class AfterSearch final : public Executor {
 public:
  AfterSearch(state::History& history, HistoryQuery query) : history_(history), query_(std::move(query)) {}
  void post(Job job) override {
    const auto shared = std::make_shared<Job>(std::move(job));  // the history's callbacks are copyable
    history_.search(query_, [shared, page = page_](Result<HistoryPage> found) {
      *page = std::move(found);
      (*shared)();
    });
  }
  std::shared_ptr<Result<HistoryPage>> page() const { return page_; }

 private:
  state::History& history_;
  HistoryQuery query_;
  std::shared_ptr<Result<HistoryPage>> page_ = std::make_shared<Result<HistoryPage>>();
};

Task<HttpResponse> get_history(ApiPtr api, HttpRequest request) {
  Result<HistoryQuery> query = read_query(request);
  if (!query) co_return error_response(query.error());
  AfterSearch search(api->history, std::move(*query));
  co_await net::run_on(api->loop, search, [] {});
  co_return co_await net::run_on(api->loop, api->work.lane(Lane::kQuery),
                                 [page = search.page()] { return answer(*page); });
}

}  // namespace

void add_history_api(net::HttpRouter& router, const HistoryApi& api) {
  const auto shared = std::make_shared<const HistoryApi>(api);
  router.add("GET", "/api/v1/tocsin/history", [shared](HttpRequest request, net::HttpRouter::Captures) {
    return get_history(shared, std::move(request));
  });
}

}  // namespace tocsin::api
