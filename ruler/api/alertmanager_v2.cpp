#include "api/alertmanager_v2.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "alerting/silence_json.hpp"
#include "api/alertmanager_v2_json.hpp"
#include "api/json_writer.hpp"
#include "api/posted_alerts.hpp"
#include "base/json_string.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "base/version.hpp"
#include "config/matcher_parser.hpp"
#include "model/matcher.hpp"

namespace tocsin::api {
namespace {

using alerting::AlertView;
using alerting::GroupView;
using net::HttpRequest;
using net::HttpResponse;
using net::Task;
using Captures = net::HttpRouter::Captures;
using ApiPtr = std::shared_ptr<const AlertmanagerV2>;

constexpr std::string_view kJson = "application/json";
/// Bodies below these are read on the loop, in about a fifth of a millisecond at most: by the quick reader, and if that
/// one declines, through a tree. A worker would have to fetch the body, and the loop the alerts, from another core.
constexpr std::size_t kQuickBody = std::size_t{64} << 10U, kSmallBody = std::size_t{16} << 10U;

HttpResponse uncached(HttpResponse response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

HttpResponse json_answer(std::string body, int status = 200) {
  return uncached(HttpResponse(status, kJson, std::move(body)));
}

HttpResponse empty_answer(int status = 200) {
  return uncached(HttpResponse(status, ""));
}

/// API v2's errors of its own: a JSON text.
HttpResponse error_answer(int status, std::string_view message) {
  std::string body;
  append_json_string(body, message, JsonStyle::kJsoniter);
  return json_answer(std::move(body), status);
}

/// Errors of the schema, as go-openapi words them.
HttpResponse schema_answer(int status, std::string_view message) {
  int code = status;
  if (status == 422) {
    const bool too_few = message.find("should have at least") != std::string_view::npos;
    code = message.ends_with("is required") ? 602 : too_few ? 612 : 601;
  }
  std::string body;
  JsonWriter(body).begin_object().key("code").integer(code).key("message").text(message).end_object();
  return json_answer(std::move(body), status);
}

// --- what a request asks for
// -------------------------------------------------------------------------------------------

/// What cannot be read of a body.
HttpResponse unreadable_answer(const Error& error) {
  return schema_answer(error.code == Errc::kCorrupt ? 400 : 422, error.message);
}

/// A body in another language than JSON is refused: a browser sends JSON to another site only when that allows it.
std::optional<HttpResponse> refuse_media_type(const HttpRequest& request) {
  std::string_view type = request.headers.get("Content-Type");
  type = trim(type.substr(0, type.find(';')));
  if (request.body.empty() || to_lower(type) == kJson) return std::nullopt;
  return schema_answer(415, fmt::format("unsupported media type {}, only [application/json] are allowed",
                                        go_quote(type.empty() ? "application/octet-stream" : type)));
}

/// Absent or empty: `otherwise`. Source: go-openapi swag.ConvertBool.
bool flag_param(const HttpRequest& request, std::string_view name, bool otherwise = true) {
  const std::vector<std::string> values = request.all_params(name);
  if (values.empty() || values.back().empty()) return otherwise;
  const std::string value = to_lower(values.back());
  constexpr std::string_view kTrue[] = {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"};
  return std::find(std::begin(kTrue), std::end(kTrue), value) != std::end(kTrue);
}

Result<std::vector<model::Matcher>> matchers_param(const HttpRequest& request, std::string_view name,
                                                   config::MatcherMode mode) {
  std::vector<model::Matcher> out;
  for (const std::string& text : request.all_params(name)) {
    TOCSIN_TRY(config::ParsedMatchers parsed, config::parse_matcher(text, mode));
    for (model::Matcher& matcher : parsed.matchers) out.push_back(std::move(matcher));
  }
  return out;
}

/// What is wanted of alerts or groups.
struct Filter {
  std::vector<model::Matcher> matchers, receiver_matchers;
  std::optional<model::AnchoredRegex> receiver;
  bool active = true, silenced = true, inhibited = true, muted = true;

  bool wants(const AlertView& view) const {
    if (!model::match_all(matchers, view.alert->labels)) return false;
    const bool is_active = view.silenced_by.empty() && view.inhibited_by.empty();
    return (active || !is_active) && (silenced || view.silenced_by.empty()) && (inhibited || view.inhibited_by.empty());
  }
  bool wants_receiver(const std::string& name, const config::AlertmanagerConfig& config) const {
    if (receiver && !receiver->matches(name)) return false;
    return receiver_matchers.empty() || matches_labels(config.receiver(name));
  }
  bool matches_labels(const config::ReceiverConfig* one) const {
    if (one == nullptr) return false;
    model::LabelsBuilder labels;
    for (const auto& [name, value] : one->labels) labels.set(name, value);
    labels.set("name", one->name);
    return model::match_all(receiver_matchers, labels.build());
  }
};

Result<Filter> read_filter(const HttpRequest& request, config::MatcherMode mode) {
  Filter filter;
  TOCSIN_TRY(filter.matchers, matchers_param(request, "filter", mode));
  if (const std::vector<std::string> receiver = request.all_params("receiver");
      !receiver.empty() && !receiver.back().empty()) {
    Result<model::AnchoredRegex> regex = model::AnchoredRegex::make(receiver.back());
    if (!regex) {
      // RE2's anchored text has a switch that Alertmanager's has not.
      return fail(Errc::kInvalid, "failed to parse receiver param: {}",
                  replace_all(regex.error().message, "^(?s:", "^(?:"));
    }
    filter.receiver = std::move(*regex);
  }
  Result<std::vector<model::Matcher>> receivers = matchers_param(request, "receiver_matchers", mode);
  if (!receivers) return fail(Errc::kInvalid, "failed to parse receiver_matchers param: {}", receivers.error().message);
  filter.receiver_matchers = std::move(*receivers);
  filter.active = flag_param(request, "active");
  filter.silenced = flag_param(request, "silenced");
  filter.inhibited = flag_param(request, "inhibited");
  filter.muted = flag_param(request, "muted");
  return filter;
}

/// Dashes may be missing. Source: go-openapi strfmt/default.go (UUIDPattern).
bool is_uuid(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool dash = c == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20);
    if (!hex && !dash) return false;
    if (hex) ++digits;
  }
  return digits == 32 && text.find("--") == std::string_view::npos;
}

// --- handlers
// ----------------------------------------------------------------------------------------------------------

/// Waits until what was changed is on disk, or could not be written now.
Task<void> keep(ApiPtr api) {
  co_await net::run_on(api->loop, api->alerting.after_flush(), [] {});
}

/// In portions, between which the loop does other work.
Task<void> insert(ApiPtr api, std::vector<model::AlertPtr> alerts) {
  constexpr std::size_t kPortion = 32;
  for (std::size_t at = 0; at < alerts.size(); at += kPortion) {
    if (at > 0) co_await net::run_on(api->loop, api->loop, [] {});
    const auto begin = alerts.begin() + static_cast<std::ptrdiff_t>(at);
    api->alerting.insert({begin, begin + static_cast<std::ptrdiff_t>(std::min(kPortion, alerts.size() - at))});
  }
}

Task<HttpResponse> get_status(ApiPtr api, HttpRequest) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  writer.key("cluster")
      .begin_object()
      .key("peers")
      .begin_array()
      .end_array()
      .key("status")
      .text("disabled")
      .end_object();
  writer.key("config").begin_object().key("original").text(api->alerting.config()->original).end_object();
  writer.key("uptime").text(alerting::api_time(api->started));
  writer.key("versionInfo").begin_object();
  writer.key("branch").text(fmt::format("tocsin {}", version()));
  writer.key("buildDate").text("").key("buildUser").text("").key("goVersion").text("");
  writer.key("revision").text(revision()).key("version").text(kAlertmanagerLevel);
  writer.end_object().end_object();
  co_return json_answer(std::move(body));
}

Task<HttpResponse> get_receivers(ApiPtr api, HttpRequest request) {
  const Result<Filter> filter = read_filter(request, api->matcher_mode);
  if (!filter) co_return error_answer(400, filter.error().message);
  std::string body;
  JsonWriter writer(body);
  writer.begin_array();
  for (const config::ReceiverConfig& receiver : api->alerting.config()->receivers) {
    if (!filter->receiver_matchers.empty() && !filter->matches_labels(&receiver)) continue;
    writer.begin_object().key("labels").begin_object();
    for (const auto& [name, value] : receiver.labels) writer.key(name).text(value);
    writer.key("name").text(receiver.name).end_object();
    writer.key("name").text(receiver.name).end_object();
  }
  writer.end_array();
  co_return json_answer(std::move(body));
}

template <typename View>
std::string list_of(const std::vector<View>& views, void (*append)(std::string&, const View&)) {
  std::string body = "[";
  for (const View& view : views) {
    if (body.size() > 1) body += ',';
    append(body, view);
  }
  return body + "]";
}

Task<HttpResponse> get_alerts(ApiPtr api, HttpRequest request) {
  const Result<Filter> filter = read_filter(request, api->matcher_mode);
  if (!filter) co_return error_answer(400, filter.error().message);
  std::vector<AlertView> alerts = api->alerting.alerts();
  const std::shared_ptr<const config::AlertmanagerConfig> config = api->alerting.config();
  std::erase_if(alerts, [&](const AlertView& view) {
    const bool to_wanted = std::any_of(view.receivers.begin(), view.receivers.end(),
                                       [&](const std::string& name) { return filter->wants_receiver(name, *config); });
    return !to_wanted || !filter->wants(view);
  });
  co_return json_answer(co_await net::run_on(api->loop, api->work.lane(Lane::kQuery),
                                             [alerts = std::move(alerts)] { return list_of(alerts, append_alert); }));
}

Task<HttpResponse> get_groups(ApiPtr api, HttpRequest request) {
  const Result<Filter> filter = read_filter(request, api->matcher_mode);
  if (!filter) co_return error_answer(400, filter.error().message);
  std::vector<GroupView> groups = api->alerting.groups();
  const std::shared_ptr<const config::AlertmanagerConfig> config = api->alerting.config();
  for (GroupView& group : groups) {
    std::erase_if(group.alerts, [&](const AlertView& view) { return !filter->wants(view); });
  }
  std::erase_if(groups, [&](const GroupView& group) {
    return group.alerts.empty() || !filter->wants_receiver(group.receiver, *config) ||
           (!filter->muted && !group.muted_by.empty());
  });
  RouteLabelsFn render = api->route_labels ? api->route_labels() : nullptr;
  co_return json_answer(co_await net::run_on(api->loop, api->work.lane(Lane::kQuery),
                                             [groups = std::move(groups), render = std::move(render)]() mutable {
                                               if (render) {
                                                 for (GroupView& group : groups) group.route_labels = render(group);
                                               }
                                               return list_of(groups, append_group);
                                             }));
}

Task<HttpResponse> post_alerts(ApiPtr api, HttpRequest request) {
  if (auto refused = refuse_media_type(request)) co_return std::move(*refused);
  const Timestamp now = api->alerting.clock().now();
  const std::shared_ptr<const config::AlertmanagerConfig> config = api->alerting.config();
  const Duration timeout = config ? config->global.resolve_timeout : Duration::zero();
  std::optional<Result<PostedAlerts>> posted;
  if (request.body.size() < kQuickBody) posted = read_plain_alerts(request.body, now, timeout);
  if (!posted && request.body.size() < kSmallBody) posted = parse_posted_tree(request.body, now, timeout);
  if (!posted) {
    posted = co_await net::run_on(
        api->loop, api->work.lane(Lane::kQuery),
        [body = std::move(request.body), now, timeout] { return parse_posted_alerts(body, now, timeout); });
  }
  if (!*posted) co_return unreadable_answer(posted->error());
  PostedAlerts& alerts = **posted;
  co_await insert(api, std::move(alerts.valid));
  co_await net::run_on(api->loop, api->alerting.after_write(), [] {});
  if (alerts.invalid.empty()) co_return empty_answer();
  api->alerting.count_invalid(alerts.invalid.size());
  std::string message;
  for (const std::string& one : alerts.invalid) message += (message.empty() ? "" : "\n") + one;
  co_return error_answer(400, message);
}

/// For all matchers of the filter the silence has one that is equal.
bool has_matchers(const alerting::Silence& silence, const std::vector<model::Matcher>& filter) {
  return std::all_of(filter.begin(), filter.end(), [&](const model::Matcher& wanted) {
    const bool regex = wanted.op() == model::MatchOp::kRegex || wanted.op() == model::MatchOp::kNotRegex;
    const bool equal = wanted.op() == model::MatchOp::kEqual || wanted.op() == model::MatchOp::kRegex;
    const alerting::SilenceMatcher same{wanted.name(), wanted.value(), regex, equal};
    return std::find(silence.matchers.begin(), silence.matchers.end(), same) != silence.matchers.end();
  });
}

Task<HttpResponse> get_silences(ApiPtr api, HttpRequest request) {
  const Result<std::vector<model::Matcher>> filter = matchers_param(request, "filter", api->matcher_mode);
  if (!filter) co_return error_answer(400, filter.error().message);
  const bool wanted[] = {flag_param(request, "active"), flag_param(request, "pending"), flag_param(request, "expired")};
  const Timestamp now = api->alerting.clock().now();
  std::string body = "[";
  for (const alerting::Silence* silence : api->alerting.silences().all()) {
    if (!wanted[static_cast<std::size_t>(silence->state_at(now))] || !has_matchers(*silence, *filter)) continue;
    if (body.size() > 1) body += ',';
    body += alerting::silence_json(*silence, now);
  }
  co_return json_answer(body + "]");
}

Task<HttpResponse> post_silences(ApiPtr api, HttpRequest request) {
  if (auto refused = refuse_media_type(request)) co_return std::move(*refused);
  Result<alerting::Silence> silence = alerting::parse_silence_json(request.body);
  if (!silence) co_return unreadable_answer(silence.error());
  if (silence->starts_at >= silence->ends_at) {
    co_return error_answer(400, "Failed to create silence: start time must be before end time");
  }
  if (silence->ends_at < api->alerting.clock().now()) {
    co_return error_answer(400, "Failed to create silence: end time can't be in the past");
  }
  const Result<std::string> id = api->alerting.silences().set(std::move(*silence));
  if (!id) co_return error_answer(id.error().code == Errc::kNotFound ? 404 : 400, id.error().message);
  co_await keep(api);
  std::string body;
  JsonWriter(body).begin_object().key("silenceID").text(*id).end_object();
  co_return json_answer(std::move(body));
}

HttpResponse bad_id(std::string_view id) {
  return schema_answer(422, fmt::format("silenceID in path must be of type uuid: {}", go_quote(id)));
}

Task<HttpResponse> get_silence(ApiPtr api, std::string id) {
  if (!is_uuid(id)) co_return bad_id(id);
  const alerting::Silence* silence = api->alerting.silences().find(id);
  if (silence == nullptr) co_return empty_answer(404);
  co_return json_answer(alerting::silence_json(*silence, api->alerting.clock().now()));
}

Task<HttpResponse> delete_silence(ApiPtr api, std::string id) {
  if (!is_uuid(id)) co_return bad_id(id);
  const Result<void> expired = api->alerting.silences().expire(id);
  if (expired) co_await keep(api);
  co_return empty_answer(expired ? 200 : 404);
}

Task<HttpResponse> refuse_method(std::string method, std::string allowed) {
  HttpResponse response = schema_answer(405, fmt::format("method {} is not allowed, but [{}] are", method, allowed));
  response.headers.set("Allow", allowed);
  co_return response;
}

Task<HttpResponse> refuse_path(std::string path) {
  co_return schema_answer(404, fmt::format("path {} was not found", path));
}

Task<HttpResponse> not_ready() {
  co_return error_answer(503, "alerting has no configuration yet");
}

/// What go-openapi says of paths and methods that the schema has not.
void add_refusals(net::HttpRouter& router, const std::map<std::string, std::string>& methods_of) {
  static constexpr const char* kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  for (const auto& [path, methods] : methods_of) {
    for (const char* method : kMethods) {
      if (methods.find(method) != std::string::npos) continue;
      router.add(method, path, [methods, method](HttpRequest, Captures) -> Task<HttpResponse> {
        return refuse_method(method, methods);
      });
    }
  }
  for (const char* method : kMethods) {
    router.add(method, "/api/v2/*", [](HttpRequest request, Captures) { return refuse_path(request.path()); });
  }
}

/// Handlers that take the request, and those that take the element of the path.
void add(net::HttpRouter& router, std::string_view method, std::string_view path, const ApiPtr& api,
         Task<HttpResponse> (*handler)(ApiPtr, HttpRequest)) {
  router.add(method, path, [api, handler](HttpRequest request, Captures) {
    return api->alerting.config() ? handler(api, std::move(request)) : not_ready();
  });
}

void add_by_id(net::HttpRouter& router, std::string_view method, const ApiPtr& api,
               Task<HttpResponse> (*handler)(ApiPtr, std::string)) {
  router.add(method, "/api/v2/silence/{id}", [api, handler](HttpRequest, Captures captures) {
    return api->alerting.config() ? handler(api, std::move(captures.at(0))) : not_ready();
  });
}

Task<HttpResponse> deprecated(HttpRequest, Captures) {
  co_return json_answer(
      R"({"status":"deprecated","error":"The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of )"
      R"(version 0.27.0 - please use the equivalent route in the v2 API"})",
      410);
}

}  // namespace

void add_alertmanager_v2(net::HttpRouter& router, const AlertmanagerV2& api) {
  const auto shared = std::make_shared<const AlertmanagerV2>(api);
  add(router, "GET", "/api/v2/status", shared, get_status);
  add(router, "GET", "/api/v2/receivers", shared, get_receivers);
  add(router, "GET", "/api/v2/alerts", shared, get_alerts);
  add(router, "POST", "/api/v2/alerts", shared, post_alerts);
  add(router, "GET", "/api/v2/alerts/groups", shared, get_groups);
  add(router, "GET", "/api/v2/silences", shared, get_silences);
  add(router, "POST", "/api/v2/silences", shared, post_silences);
  add_by_id(router, "GET", shared, get_silence);
  add_by_id(router, "DELETE", shared, delete_silence);
  add_refusals(router, {{"/api/v2/status", "GET"},
                        {"/api/v2/receivers", "GET"},
                        {"/api/v2/alerts", "GET,POST"},
                        {"/api/v2/alerts/groups", "GET"},
                        {"/api/v2/silences", "GET,POST"},
                        {"/api/v2/silence/{id}", "GET,DELETE"}});
}

void add_alertmanager_v1(net::HttpRouter& router) {
  for (const char* method : {"GET", "POST", "DELETE"}) router.add(method, "/api/v1/*", deprecated);
}

}  // namespace tocsin::api
