#include "api/alertmanager_v2.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "api/alerting_api.hpp"
#include "api/alertmanager_v2_json.hpp"
#include "support/memory_store.hpp"
#include "support/test_loop.hpp"

namespace tocsin::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kConfig =
    "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, routes: [{receiver: a, matchers: "
    "[severity=critical], labels: {owner: me}}, {receiver: m, matchers: [k=m], mute_time_intervals: [always]}]}\n"
    "receivers: [{name: r}, {name: a, labels: {team: x}}, {name: m}]\n"
    "time_intervals: [{name: always, time_intervals: [{years: ['1990:2990']}]}]\n";

/// Says that all is on disk when the test lets it.
class SlowStore final : public test::MemoryStore {
 public:
  void flush(std::function<void(bool)> done) override {
    if (slow) {
      waiting.push_back(std::move(done));
    } else {
      done(true);
    }
  }
  bool slow = false;
  std::vector<std::function<void(bool)>> waiting;
};

class Server {
 public:
  Server() {
    auto made = alerting::Alerting::make(loop, store, Rng(3), [](const config::AlertmanagerConfig&) {
      return Result<alerting::ReceiverMap>(alerting::ReceiverMap{});
    });
    REQUIRE(made);
    alerting = std::move(*made);
    add_alertmanager_v2(router, {loop, loop, *alerting, loop.clock().now(), [this] { return route_labels; }});
    add_alertmanager_v1(router);
    add_alerting_api(router, {loop, loop, *alerting});
  }
  void configure() {
    const auto config = config::parse_alertmanager_config(std::string(kConfig), "am.yml");
    REQUIRE(config);
    REQUIRE(alerting->apply(*config));
  }

  net::HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {}) {
    net::HttpRequest request(method, target);
    request.body = body;
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    return loop.run(router.handle(std::move(request)));
  }
  json::value get(const std::string& target, int status = 200) {
    const net::HttpResponse response = call("GET", target);
    INFO(target << " " << response.body.view());
    REQUIRE(response.status == status);
    return json::parse(json::string_view(response.body.view().data(), response.body.size()));
  }
  int post(const std::string& target, const std::string& body) { return call("POST", target, body).status; }

  test::TestLoop loop;
  SlowStore store;
  net::HttpRouter router;
  std::unique_ptr<alerting::Alerting> alerting;
  RouteLabelsFn route_labels;
};

std::string text(const json::value& value) {
  return std::string(value.as_string());
}

}  // namespace

TEST_CASE("Before there is a configuration all paths answer 503") {
  Server s;
  for (const char* path : {"/api/v2/status", "/api/v2/alerts", "/api/v2/silences", "/api/v2/receivers"}) {
    CHECK(s.call("GET", path).status == 503);
  }
}

TEST_CASE("Posted alerts are listed with receivers, status and completed times") {
  Server s;
  s.configure();
  REQUIRE(s.post("/api/v2/alerts",
                 R"([{"labels":{"alertname":"A","severity":"critical","empty":""},"annotations":{"x":"y","note":""},)"
                 R"("generatorURL":"http://p/g","startsAt":"0001-01-01T00:00:00.000Z"},)"
                 R"({"labels":{"alertname":"B","severity":"warning"},"endsAt":"2030-01-01T00:00:00.5+01:00"}])") ==
          200);
  const json::value all = s.get("/api/v2/alerts");
  REQUIRE(all.as_array().size() == 2);
  const json::value one = s.get("/api/v2/alerts?filter=severity%3Dcritical").as_array().at(0);
  CHECK(json::serialize(one.at("labels")) == R"({"alertname":"A","severity":"critical"})");
  CHECK(json::serialize(one.at("annotations")) == R"({"note":"","x":"y"})");
  CHECK(text(one.at("generatorURL")) == "http://p/g");
  CHECK(text(one.at("startsAt")) == "2023-11-14T22:13:20.000Z");
  CHECK(text(one.at("endsAt")) == "2023-11-14T22:18:20.000Z");
  CHECK(text(one.at("updatedAt")) == "2023-11-14T22:13:20.000Z");
  CHECK(text(one.at("fingerprint")).size() == 16);
  CHECK(json::serialize(one.at("receivers")) == R"([{"name":"a"}])");
  CHECK(json::serialize(one.at("status")) == R"({"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"})");
  CHECK(text(s.get("/api/v2/alerts?receiver=r").as_array().at(0).at("endsAt")) == "2029-12-31T23:00:00.500Z");
  CHECK(text(all.as_array()[0].at("fingerprint")) < text(all.as_array()[1].at("fingerprint")));
}

TEST_CASE("Groups say when they notify next, and what holds it back") {
  Server s;
  CHECK(s.call("GET", "/api/v1/tocsin/groups").status == 503);
  s.configure();
  REQUIRE(s.post("/api/v2/alerts", R"([{"labels":{"alertname":"A","severity":"critical"}},{"labels":{"k":"m"}}])") ==
          200);
  const json::value answer = s.get("/api/v1/tocsin/groups");
  CHECK(text(answer.at("status")) == "success");
  const json::array& groups = answer.at("data").as_array();
  REQUIRE(groups.size() == 2);
  const json::value& muted = groups[text(groups[0].at("receiver")) == "m" ? 0 : 1];
  CHECK(json::serialize(muted.at("mutedBy")) == R"(["always"])");
  CHECK(json::serialize(muted.at("alerts")) == R"({"firing":1,"resolved":0,"silenced":0,"inhibited":0,"muted":1})");
  const json::value one = s.get("/api/v1/tocsin/groups?receiver=a").at("data").as_array().at(0);
  CHECK(text(one.at("groupKey")) == R"({}/{severity="critical"}:{alertname="A"})");
  CHECK(text(one.at("nextFlush")) == "2023-11-14T22:13:21Z");
  CHECK(one.at("flushing").as_bool() == false);
  CHECK(one.at("integrations").as_array().empty());
  CHECK(s.get("/api/v1/tocsin/groups?limit=1").at("data").as_array().size() == 1);
  CHECK(s.call("GET", "/api/v1/tocsin/groups?limit=x").status == 400);
}

TEST_CASE("Alerts are filtered by state, receiver, matchers and receiver matchers") {
  Server s;
  s.configure();
  REQUIRE(s.post("/api/v2/alerts",
                 R"([{"labels":{"alertname":"A","severity":"critical"}},{"labels":{"alertname":"B"}}])") == 200);
  const auto count = [&s](const std::string& query) { return s.get("/api/v2/alerts?" + query).as_array().size(); };
  CHECK(count("active=false") == 0);
  CHECK(count("receiver=a%7Cr") == 2);
  CHECK(count("receiver=.") == 2);
  CHECK(count("receiver=") == 2);
  CHECK(count("active=&silenced=") == 2);
  CHECK(count("receiver=x.") == 0);
  CHECK(count("filter=alertname%3D~%22A%7CB%22&filter=severity%3D%22%22") == 1);
  CHECK(count("receiver_matchers=team%3Dx") == 1);
  CHECK(count("receiver_matchers=name%3Dr") == 1);
  CHECK(s.call("GET", "/api/v2/alerts?filter=bad%7Bfilter").status == 400);
  CHECK(s.call("GET", "/api/v2/alerts?receiver=(").status == 400);
  CHECK(s.call("GET", "/api/v2/alerts?receiver_matchers=x").status == 400);
}

TEST_CASE(
    "A body that has not the schema is 422, one that is no JSON or of a wrong type 400, and valid alerts beside "
    "invalid "
    "ones are taken") {
  Server s;
  s.configure();
  struct Case {
    const char* body;
    int status;
    const char* says;  // part of the answer
  };
  const Case cases[] = {
      {"", 422, R"({"code":602,"message":"alerts in body is required"})"},
      {" ", 422, "is required"},
      {"{", 400, R"(parsing alerts body from \"\" failed, because unexpected EOF)"},
      {"[[[[[[[[[[[[[[[[", 400, R"({"code":400,)"},
      {R"([{"labels":{"a":"\xff"}}])", 400, R"({"code":400,)"},
      {"{}", 400, "json: cannot unmarshal object into Go value of type models.PostableAlerts"},
      {"[1]", 400, "json: cannot unmarshal number"},
      {"[null]", 422, "0 in body is required"},
      {R"([{"annotations":{"a":"b"}}])", 422, R"({"code":602,"message":"0.labels in body is required"})"},
      {R"([{"labels":null}])", 422, "0.labels in body is required"},
      {R"([{"labels":[]}])", 400,
       "json: cannot unmarshal array into Go struct field Alert.labels of type models.LabelSet"},
      {R"([{"labels":{"a":1}}])", 400,
       "json: cannot unmarshal number into Go struct field Alert.labels of type string"},
      {R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])", 400, "yesterday"},
      {R"([{"labels":{"a":"b"},"startsAt":"2026-01-01T25:00:00Z"}])", 400, "2026-01-01T25"},
      {R"([{"labels":{"a":"b"},"startsAt":5}])", 400, "json: cannot unmarshal number into Go struct field .startsAt"},
      {R"([{"labels":{"a":"b"},"generatorURL":5}])", 400, "json: cannot unmarshal number"},
      {R"([{"labels":{}}])", 400, R"("at least one label pair required")"},
      {R"([{"labels":{"a":null}}])", 400, R"("at least one label pair required")"},
      {R"([{"labels":{"":"x"}}])", 400, R"("invalid label set: invalid name \"\"")"},
      {R"([{"labels":{"a":"b"},"annotations":{"":"x"}}])", 400, "invalid annotations"},
      {R"([{"labels":{"alertname":"X"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:00Z"}])", 400,
       R"("start time must be before end time")"},
      {R"([{"labels":{"a":"b"},"startsAt":"9999-12-31T23:59:59Z"}])", 400, R"("start time must be before end time")"},
      // What cannot be read goes before what is missing, wherever it is.
      {R"([{"annotations":{}},{"labels":5}])", 400, "json: cannot unmarshal number"},
      {R"([{"labels":{"a":"b"}},{"annotations":{}},null])", 422, "1.labels in body is required"},
      {"[]", 200, ""},
      {"null", 200, ""},
  };
  for (const Case& c : cases) {
    INFO(c.body);
    const net::HttpResponse answer = s.call("POST", "/api/v2/alerts", c.body);
    CHECK(answer.status == c.status);
    INFO(answer.body.view());
    CHECK(answer.body.view().find(c.says) != std::string_view::npos);
    if (c.status == 200) CHECK(answer.headers.get("Content-Type") == "");
  }
  CHECK(s.get("/api/v2/alerts").as_array().empty());
  CHECK(s.post("/api/v2/alerts", R"([{"labels":{}},{"labels":{"alertname":"Good"}}])") == 400);
  CHECK(s.get("/api/v2/alerts").as_array().size() == 1);
  CHECK(s.alerting->metrics().alerts_invalid == 7);
}

TEST_CASE("Times come in all layouts of Alertmanager's reader, and what follows the JSON does not count") {
  Server s;
  s.configure();
  for (const char* time : {"2023-11-14T21:00:00Z", "2023-11-14t21:00:00.000+00:00", "2023-11-14T22:00:00+0100",
                           "2023-11-14T21:00:00", "2023-11-14 21:00:00", "2023-11-14T21:00Z", "2023-11-14T21:00"}) {
    INFO(time);
    CHECK(s.post("/api/v2/alerts", fmt::format(R"([{{"labels":{{"alertname":"{0}"}},"startsAt":"{0}"}}] x)", time)) ==
          200);
  }
  const json::value alerts = s.get("/api/v2/alerts");
  REQUIRE(alerts.as_array().size() == 7);
  for (const json::value& alert : alerts.as_array()) CHECK(text(alert.at("startsAt")) == "2023-11-14T21:00:00.000Z");
  CHECK(s.post("/api/v2/alerts", R"([{"labels":{"alertname":"day"},"startsAt":"2023-11-14"}])") == 200);
  for (const char* time : {"2023-11-14T21", "2023-11-14 ", "2023-11-14T21:00:", "+", "2023-11-14T21:00:00+01"}) {
    CHECK(s.post("/api/v2/alerts", fmt::format(R"([{{"labels":{{"a":"b"}},"startsAt":"{}"}}])", time)) == 400);
  }
}

TEST_CASE("A body is JSON by its Content-Type, or refused: no other site's page can post one") {
  Server s;
  s.configure();
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/vnd.x+json"}) {
    for (const char* path : {"/api/v2/alerts", "/api/v2/silences"}) {
      net::HttpRequest request("POST", path);
      request.body = "[]";
      if (*type != '\0') request.headers.set("Content-Type", type);
      const net::HttpResponse answer = s.loop.run(s.router.handle(std::move(request)));
      INFO(type);
      CHECK(answer.status == 415);
      CHECK(answer.body.view() ==
            fmt::format(
                R"({{"code":415,"message":"unsupported media type \"{}\", only [application/json] are allowed"}})",
                *type == '\0' ? "application/octet-stream" : type));
    }
  }
}

TEST_CASE("Paths and methods that the schema has not are refused in its words") {
  Server s;
  s.configure();
  const net::HttpResponse nowhere = s.call("GET", "/api/v2/nope?x=1");
  CHECK(nowhere.status == 404);
  CHECK(nowhere.body.view() == R"({"code":404,"message":"path /api/v2/nope was not found"})");
  const net::HttpResponse method = s.call("PUT", "/api/v2/alerts");
  CHECK(method.status == 405);
  CHECK(method.headers.get("Allow") == "GET,POST");
  CHECK(method.body.view() == R"({"code":405,"message":"method PUT is not allowed, but [GET,POST] are"})");
  CHECK(s.call("POST", "/api/v2/silence/11111111-1111-1111-1111-111111111111").status == 405);
}

TEST_CASE("A body cut off anywhere is refused, never half taken") {
  Server s;
  s.configure();
  const std::string body =
      R"([{"labels":{"alertname":"A"},"annotations":{"x":"\u00e9"},"startsAt":"2023-11-14T22:13:20Z"}])";
  for (std::size_t size = 1; size < body.size(); ++size) CHECK(s.post("/api/v2/alerts", body.substr(0, size)) == 400);
  CHECK(s.get("/api/v2/alerts").as_array().empty());
}

TEST_CASE("A change is answered when it is on disk, or cannot be written") {
  for (const bool written : {true, false}) {
    Server s;
    s.configure();
    s.store.slow = true;
    net::HttpRequest request("POST", "/api/v2/alerts");
    request.body = R"([{"labels":{"alertname":"A"}}])";
    request.headers.set("Content-Type", "application/json; charset=utf-8");
    auto answer = s.loop.start(s.router.handle(std::move(request)));
    s.loop.run_ready();
    REQUIRE(s.store.waiting.size() == 1);
    CHECK_FALSE(answer.done());
    CHECK(s.store.load_alerts()->size() == 1);
    s.store.waiting[0](written);
    s.loop.run_ready();
    REQUIRE(answer.done());
    CHECK(answer.get().status == 200);
  }
}

TEST_CASE("Thousands of alerts in one body are taken") {
  Server s;
  s.configure();
  std::string body = "[";
  for (int i = 0; i < 3000; ++i) body += fmt::format(R"({}{{"labels":{{"alertname":"A{}"}}}})", i == 0 ? "" : ",", i);
  CHECK(s.post("/api/v2/alerts", body + "]") == 200);
  s.loop.run_ready();
  CHECK(s.get("/api/v2/alerts").as_array().size() == 3000);
}

TEST_CASE("Groups are listed with their receiver, labels, route labels and what mutes them") {
  Server s;
  s.configure();
  REQUIRE(
      s.post(
          "/api/v2/alerts",
          R"([{"labels":{"alertname":"A","severity":"critical","i":"2"}},{"labels":{"alertname":"A","severity":"critical","i":"1"}},)"
          R"({"labels":{"alertname":"A"}},{"labels":{"alertname":"M","k":"m"}}])") == 200);
  const json::value groups = s.get("/api/v2/alerts/groups");
  REQUIRE(groups.as_array().size() == 3);
  const json::value& first = groups.as_array()[0];
  CHECK(json::serialize(first.at("labels")) == R"({"alertname":"A"})");
  CHECK(json::serialize(first.at("receiver")) == R"({"name":"a"})");
  CHECK(json::serialize(first.at("routeLabels")) == R"({"owner":"me"})");
  CHECK(text(first.at("alerts").as_array().at(0).at("labels").at("i")) == "1");
  const json::value& muted = groups.as_array()[2];
  CHECK(json::serialize(muted.at("alerts").as_array()[0].at("status").at("mutedBy")) == R"(["always"])");
  CHECK(text(muted.at("alerts").as_array()[0].at("status").at("state")) == "suppressed");
  CHECK(s.get("/api/v2/alerts/groups?muted=false").as_array().size() == 2);
  CHECK(s.get("/api/v2/alerts/groups?receiver=a").as_array().size() == 1);
  CHECK(s.get("/api/v2/alerts/groups?filter=i%3D1").as_array().size() == 1);
}

TEST_CASE("Route labels of a group are rendered by the templates in force, against all of its alerts") {
  Server s;
  s.configure();
  REQUIRE(s.post("/api/v2/alerts",
                 R"([{"labels":{"alertname":"A","severity":"critical","i":"1"},"endsAt":"2023-11-14T22:13:20.5Z"},)"
                 R"({"labels":{"alertname":"A","severity":"critical","i":"2"}},{"labels":{"alertname":"B"}}])") == 200);
  s.loop.advance(std::chrono::milliseconds(900));  // one has ended, and is told with the first tick
  s.route_labels = [](const alerting::GroupView& group) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, text] : group.route_labels) {
      out.emplace_back(name, fmt::format("{} of {} of {}", text, group.alerts.size(), group.rendered_of.size()));
    }
    return out;
  };
  const json::value groups = s.get("/api/v2/alerts/groups");
  REQUIRE(groups.as_array().size() == 2);
  CHECK(json::serialize(groups.as_array()[0].at("routeLabels")) == R"({"owner":"me of 1 of 2"})");
  CHECK(json::serialize(groups.as_array()[1].at("routeLabels")) == "{}");
}

TEST_CASE("Silences are made, listed, read, changed and ended") {
  Server s;
  s.configure();
  const std::string body =
      R"({"matchers":[{"name":"alertname","value":"A","isRegex":false}],"startsAt":"2023-11-14T22:13:20Z",)"
      R"("endsAt":"2023-11-14T23:00:00Z","createdBy":"me","comment":"c"})";
  const net::HttpResponse made = s.call("POST", "/api/v2/silences", body);
  REQUIRE(made.status == 200);
  const std::string id = text(json::parse(std::string(made.body.view())).at("silenceID"));
  REQUIRE(s.post("/api/v2/alerts", R"([{"labels":{"alertname":"A"}}])") == 200);
  CHECK(json::serialize(s.get("/api/v2/alerts").as_array()[0].at("status").at("silencedBy")) == "[\"" + id + "\"]");
  CHECK(s.get("/api/v2/alerts?silenced=false").as_array().empty());
  CHECK(s.get("/api/v2/silences").as_array().size() == 1);
  CHECK(s.get("/api/v2/silences?active=false").as_array().empty());
  CHECK(s.get("/api/v2/silences?filter=alertname%3DA").as_array().size() == 1);
  CHECK(s.get("/api/v2/silences?filter=alertname%3DB").as_array().empty());
  CHECK(text(s.get("/api/v2/silence/" + id).at("status").at("state")) == "active");
  CHECK(s.call("DELETE", "/api/v2/silence/" + id).status == 200);
  CHECK(s.call("DELETE", "/api/v2/silence/" + id).status == 200);
  CHECK(text(s.get("/api/v2/silence/" + id).at("status").at("state")) == "expired");
  CHECK(s.get("/api/v2/silences?expired=false").as_array().empty());
}

TEST_CASE("Wrong silences and ids get Alertmanager's statuses") {
  Server s;
  s.configure();
  const auto silence = [](const std::string& matchers, const std::string& from, const std::string& to) {
    return R"({"matchers":[)" + matchers + R"(],"startsAt":")" + from + R"(","endsAt":")" + to +
           R"(","createdBy":"x","comment":"c"})";
  };
  const std::string good = R"({"name":"a","value":"b","isRegex":false})";
  const std::string from = "2030-01-01T00:00:00Z", to = "2030-01-02T00:00:00Z";
  const auto post = [&s](const std::string& body) { return s.post("/api/v2/silences", body); };
  CHECK(post(silence(R"({"name":"a","value":"","isRegex":false})", from, to)) == 400);
  CHECK(post(silence(R"({"name":"a","value":"(","isRegex":true})", from, to)) == 400);
  CHECK(post(silence(good, to, from)) == 400);
  CHECK(post(silence(good, "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")) == 400);
  CHECK(post("nonsense") == 400);
  CHECK(post("[]") == 400);
  const auto says = [&s](const std::string& body) {
    return std::string(s.call("POST", "/api/v2/silences", body).body.view());
  };
  // The first that is missing, by name.
  CHECK(says("") == R"({"code":602,"message":"silence in body is required"})");
  CHECK(says("{}") == R"({"code":602,"message":"comment in body is required"})");
  CHECK(says("null") == says("{}"));
  // What cannot be read goes before what is missing.
  CHECK(says(R"({"matchers":{}})").starts_with(R"({"code":400,"message":"parsing silence body from)"));
  CHECK(says(R"({"matchers":[{},5]})").starts_with(R"({"code":400,)"));
  CHECK(says(R"({"comment":"c","createdBy":"x"})") == R"({"code":602,"message":"endsAt in body is required"})");
  CHECK(says(silence("", from, to)) == R"({"code":612,"message":"matchers in body should have at least 1 items"})");
  CHECK(says(silence(R"({"name":"a"})", from, to)) ==
        R"({"code":602,"message":"matchers.0.isRegex in body is required"})");
  CHECK(says(silence(good + R"(,{"name":"a","isRegex":true})", from, to)) ==
        R"({"code":602,"message":"matchers.1.value in body is required"})");
  CHECK(says(silence(R"({"name":"a","value":5,"isRegex":false})", from, to)).find("of type string") !=
        std::string::npos);
  std::string silence_with_a_stamp = silence(good, from, to);
  silence_with_a_stamp.insert(1, R"("updatedAt":"never","status":5,)");  // of no posted silence
  CHECK(post(silence_with_a_stamp) == 200);
  s.call("DELETE", "/api/v2/silence/" + text(s.get("/api/v2/silences").at(0).at("id")));
  std::string unknown = silence(good, from, to);
  unknown.insert(1, R"("id":"11111111-1111-1111-1111-111111111111",)");
  CHECK(post(unknown) == 404);
  CHECK(s.call("GET", "/api/v2/silence/nope").status == 422);
  CHECK(s.call("DELETE", "/api/v2/silence/nope").status == 422);
  CHECK(s.call("GET", "/api/v2/silence/11111111111111111111111111111111").status == 404);
  CHECK(s.call("GET", "/api/v2/silence/1111--1111111111111111111111111111").status == 422);
  CHECK(s.call("GET", "/api/v2/silence/11111111-1111-1111-1111-111111111111").status == 404);
  CHECK(s.call("DELETE", "/api/v2/silence/11111111-1111-1111-1111-111111111111").status == 404);
  CHECK(s.call("GET", "/api/v2/silences?filter=x").status == 400);
  CHECK(s.get("/api/v2/silences?expired=false").as_array().empty());
}

TEST_CASE("Status and receivers describe the configuration; API v1 is gone") {
  Server s;
  s.configure();
  const json::value status = s.get("/api/v2/status");
  CHECK(json::serialize(status.at("cluster")) == R"({"peers":[],"status":"disabled"})");
  CHECK(text(status.at("config").at("original")).starts_with("global:"));
  CHECK(text(status.at("uptime")) == "2023-11-14T22:13:20.000Z");
  CHECK(text(status.at("versionInfo").at("version")) == kAlertmanagerLevel);
  CHECK(
      json::serialize(s.get("/api/v2/receivers")) ==
      R"([{"labels":{"name":"r"},"name":"r"},{"labels":{"team":"x","name":"a"},"name":"a"},{"labels":{"name":"m"},"name":"m"}])");
  CHECK(s.get("/api/v2/receivers?receiver_matchers=team%3Dx").as_array().size() == 1);
  CHECK(s.call("GET", "/api/v1/alerts").status == 410);
  CHECK(s.call("PUT", "/api/v2/alerts").status == 405);
}

}  // namespace tocsin::api
