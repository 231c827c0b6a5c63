// The quick reader of posted alerts beside its slow twin, which goes through a tree of JSON values.

#include "api/posted_alerts.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::api {
namespace {

constexpr Timestamp kNow = 1'700'000'000'123;
constexpr Duration kTimeout = std::chrono::minutes(5);

bool same(const std::vector<model::AlertPtr>& a, const std::vector<model::AlertPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return *x == *y; });
}

/// What the quick reader gives is what the tree gives. @return whether it gave anything.
bool agrees(std::string_view body) {
  INFO(body);
  const auto quick = read_plain_alerts(body, kNow, kTimeout);
  if (!quick) return false;
  const auto slow = parse_posted_tree(body, kNow, kTimeout);
  CHECK(quick->invalid.empty());
  REQUIRE(slow);
  CHECK(slow->invalid.empty());
  CHECK(same(quick->valid, slow->valid));
  return true;
}

const std::string kPrometheus =
    R"([{"annotations":{"summary":"5 < 6 & \"x\"","empty":""},"endsAt":"2023-11-14T22:17:20.123Z",)"
    R"("startsAt":"2023-11-14T22:13:20.123456789Z","generatorURL":"http://p:9090/graph?g0.expr=up+%3D%3D+0\u0026g0.tab=1",)"
    R"("labels":{"severity":"page","alertname":"Düwn","instance":"a:9100","gone":""}}])";

}  // namespace

TEST_CASE("What Prometheus, vmalert and scripts send is read without a tree", "[api]") {
  const std::array bodies = {
      kPrometheus,
      std::string("[]"),
      std::string(" [ ] behind it is nothing that matters"),
      std::string(R"([{"labels":{"a":"b"}},{"labels":{"a":"c"},"annotations":{}}])"),
      std::string("\r\n[\t{ \"labels\" : { \"b\" : \"1\" , \"a\" : \"2\" } , \"startsAt\" : \"\" }\n]"),
      std::string(R"([{"labels":{"a":"\"\\\/\b\f\n\r\t\u00e9\u20AC\u0000"}}])"),
      std::string(R"([{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00.000Z"}])"),
      std::string(R"([{"labels":{"a":"b"},"startsAt":"2023-11-14 22:13:20+0100"}])"),
      std::string(R"([{"labels":{"a":"b"},"startsAt":"2033-11-14T22:13:20Z","endsAt":"2034-11-14T22:13:20Z"}])"),
      R"([{"labels":{"a":")" + std::string(300, 'x') + R"(","\u0062":"y"}}])",
  };
  for (const std::string& body : bodies) CHECK(agrees(body));
  const auto posted = parse_posted_alerts(kPrometheus, kNow, kTimeout);
  REQUIRE(posted);
  const model::Alert& alert = *posted->valid.at(0);
  CHECK(alert.labels == model::Labels{{"alertname", "Düwn"}, {"instance", "a:9100"}, {"severity", "page"}});
  CHECK(alert.annotations.get("summary") == "5 < 6 & \"x\"");
  CHECK(alert.annotations.has("empty"));
  CHECK(alert.generator_url == "http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
  CHECK(alert.starts_at == kNow);
  CHECK(alert.ends_at == kNow + 240'000);
  CHECK_FALSE(alert.timeout);
}

TEST_CASE("An alert that begins after the end that the timeout gives it is invalid", "[api]") {
  const std::string_view body = R"([{"labels":{"a":"b"},"startsAt":"2033-11-14T22:13:20Z"}])";
  CHECK_FALSE(read_plain_alerts(body, kNow, kTimeout));
  for (const auto parse : {parse_posted_alerts, parse_posted_tree}) {
    const auto posted = parse(body, kNow, kTimeout);
    REQUIRE(posted);
    CHECK(posted->valid.empty());
    CHECK(posted->invalid.size() == 1);
  }
}

TEST_CASE("An alert without an end gets one from the timeout, if there is one", "[api]") {
  const std::string_view body = R"([{"labels":{"a":"b"}}])";
  for (const auto parse : {parse_posted_alerts, parse_posted_tree}) {
    const auto with = parse(body, kNow, kTimeout), without = parse(body, kNow, {});
    CHECK(with->valid.at(0)->ends_at == kNow + 300'000);
    CHECK(with->valid.at(0)->timeout);
    CHECK(without->valid.at(0)->ends_at == 0);
    CHECK_FALSE(without->valid.at(0)->timeout);
  }
}

TEST_CASE("Whatever is not plain is left to the tree", "[api]") {
  const std::array<std::string_view, 30> bodies = {
      "",
      "   ",
      "null",
      "{}",
      "[",
      "[{",
      "[{}]",
      "[null]",
      "[{\"labels\":{\"a\":\"b\"}}",
      "[{\"labels\":{\"a\":\"b\"}},]",
      R"([{"labels":null}])",
      R"([{"labels":{"a":null}}])",
      R"([{"labels":{"a":1}}])",
      R"([{"labels":{"a":""}}])",
      R"([{"labels":{"":"b"}}])",
      R"([{"labels":{"a":"b","a":"c"}}])",
      R"([{"labels":{"a":"b","a":""}}])",
      R"([{"labels":{"a":"b"},"labels":{"a":"c"}}])",
      R"([{"labels":{"a":"b"},"status":"x"}])",
      R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])",
      R"([{"labels":{"a":"b"},"startsAt":null}])",
      R"([{"labels":{"a":"b"},"startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:13:19Z"}])",
      R"([{"labels":{"a":"\ud83d\ude00"}}])",
      R"([{"labels":{"a":"\ud83d"}}])",
      R"([{"labels":{"a":"\u12"}}])",
      R"([{"labels":{"a":"\x"}}])",
      "[{\"labels\":{\"a\":\"\xff\"}}]",
      "[{\"labels\":{\"a\":\"\\n\xc3\"}}]",
      "[{\"labels\":{\"a\":\"\x01\"}}]",
      "[{\"labels\":{\"a\":\"\\n\x01\"}}]",
  };
  for (const std::string_view body : bodies) {
    INFO(body);
    CHECK_FALSE(read_plain_alerts(body, kNow, kTimeout));
  }
}

TEST_CASE("Bodies with mistakes anywhere are read as the tree reads them, or not at all", "[api]") {
  const std::string many =
      R"([{"labels":{"alertname":"A","b":"\u0041\n"},"annotations":{"s":"ü"}},)" + kPrometheus.substr(1);
  for (std::size_t cut = 0; cut < many.size(); ++cut) CHECK_FALSE(agrees(many.substr(0, cut)));
  constexpr std::string_view kBytes = "\"\\[]{}:,u0aA \n\x01\x80\xc3\xff";
  Rng rng(7);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = many;
    for (std::uint64_t changes = 1 + rng.next() % 2; changes > 0; --changes) {
      const std::size_t at = rng.next() % body.size();
      const char byte = kBytes[rng.next() % kBytes.size()];
      switch (rng.next() % 3) {
        case 0:
          body[at] = byte;
          break;
        case 1:
          body.insert(at, 1, byte);
          break;
        default:
          body.erase(at, 1);
      }
    }
    read += agrees(body) ? 1 : 0;
  }
  CHECK(read > 1000);  // within texts much may change
}

}  // namespace tocsin::api
