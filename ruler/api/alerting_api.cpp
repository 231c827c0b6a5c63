#include "api/alerting_api.hpp"

#include <memory>
#include <utility>

#include "api/envelope.hpp"
#include "api/params.hpp"

namespace tocsin::api {
namespace {

using alerting::GroupSchedule;
using alerting::IntegrationSchedule;
using net::HttpRequest;
using net::HttpResponse;
using net::Task;
using ApiPtr = std::shared_ptr<const AlertingApi>;

/// Groups looked at for one answer: each costs the loop some microseconds.
constexpr std::size_t kMostGroups = 10'000;

void write_time(JsonWriter& json, std::string_view key, Timestamp t) {
  json.key(key);
  if (t == 0) {
    json.raw("null");
  } else {
    json.time(t);
  }
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.text(text);
  json.end_array();
}

void write(JsonWriter& json, const IntegrationSchedule& integration) {
  json.begin_object().key("name").text(integration.name).key("index").integer(integration.index);
  write_time(json, "lastNotification", integration.last_sent);
  write_time(json, "nextNotification", integration.next);
  write_texts(json, "heldBy", integration.held_by);
  if (!integration.failure.empty()) json.key("lastError").text(integration.failure);
  json.end_object();
}

void write_count(JsonWriter& json, std::string_view key, std::size_t count) {
  json.key(key).integer(static_cast<std::int64_t>(count));
}

void write(JsonWriter& json, const GroupSchedule& group) {
  json.begin_object().key("receiver").text(group.receiver).key("groupKey").text(group.key);
  json.key("labels").labels(group.labels);
  write_time(json, "nextFlush", group.next_flush);
  json.key("flushing").boolean(group.flushing);
  json.key("alerts").begin_object();
  write_count(json, "firing", group.firing);
  write_count(json, "resolved", group.resolved);
  write_count(json, "silenced", group.muted.silence);
  write_count(json, "inhibited", group.muted.inhibition);
  write_count(json, "muted", group.muted.mute_time_interval + group.muted.active_time_interval);
  json.end_object();
  write_texts(json, "mutedBy", group.intervals);
  json.key("integrations").begin_array();
  for (const IntegrationSchedule& integration : group.integrations) write(json, integration);
  json.end_array().end_object();
}

HttpResponse groups_response(const std::vector<GroupSchedule>& groups) {
  SuccessBody body;
  body.json().begin_array();
  for (const GroupSchedule& group : groups) write(body.json(), group);
  body.json().end_array();
  return body.finish();
}

Task<HttpResponse> get_groups(ApiPtr api, HttpRequest request) {
  if (!api->alerting.config()) co_return plain_error(503, "alerting has no configuration yet");
  const Params params(request);
  const Result<std::size_t> limit = params.limit();
  if (!limit) co_return error_response(limit.error());
  const std::string receiver = params.text("receiver");
  std::vector<GroupSchedule> groups = api->alerting.schedule(kMostGroups);
  std::erase_if(groups, [&](const GroupSchedule& one) { return !receiver.empty() && one.receiver != receiver; });
  if (*limit != 0 && groups.size() > *limit) groups.resize(*limit);
  co_return co_await net::run_on(api->loop, api->work.lane(Lane::kQuery),
                                 [groups = std::move(groups)] { return groups_response(groups); });
}

}  // namespace

void add_alerting_api(net::HttpRouter& router, const AlertingApi& api) {
  const auto shared = std::make_shared<const AlertingApi>(api);
  router.add("GET", "/api/v1/tocsin/groups", [shared](HttpRequest request, net::HttpRouter::Captures) {
    return get_groups(shared, std::move(request));
  });
}

}  // namespace tocsin::api
