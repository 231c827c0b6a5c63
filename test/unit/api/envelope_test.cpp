#include "api/envelope.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("an error has Prometheus' type and status") {
  struct Case {
    Errc code;
    int status;
    std::string_view type;
  };
  const Case cases[] = {{Errc::kInvalid, 400, "bad_data"},  {Errc::kExecution, 422, "execution"},
                        {Errc::kLimit, 422, "execution"},   {Errc::kTimeout, 503, "timeout"},
                        {Errc::kCanceled, 499, "canceled"}, {Errc::kNotFound, 404, "not_found"},
                        {Errc::kIo, 500, "internal"}};
  for (const Case& c : cases) {
    const net::HttpResponse response = api::error_response(Error{c.code, "why"});
    CHECK(response.status == c.status);
    CHECK(response.body.view() == fmt::format(R"({{"status":"error","errorType":"{}","error":"why"}})", c.type));
    CHECK(response.headers.get("content-type") == "application/json");
  }
}

TEST_CASE("ten warnings are shown, and how many are not") {
  api::SuccessBody body;
  body.json().begin_array().end_array();
  const std::vector<std::string> warnings(12, "w");
  const net::HttpResponse response = body.finish(warnings, {"i"});
  CHECK(
      response.body.view() ==
      R"({"status":"success","data":[],"warnings":["w","w","w","w","w","w","w","w","w","w","2 more warning annotations omitted"],"infos":["i"]})");
}

TEST_CASE("times are seconds or RFC 3339") {
  CHECK(api::parse_time("1795232822.017") == 1795232822017);
  CHECK(api::parse_time("-1.5") == -1500);
  CHECK(api::parse_time("2026-11-21T03:47:02.017Z") == 1795232822017);
  CHECK(api::parse_time("2026-11-21T05:47:02+02:00") == 1795232822000);
  for (const char* wrong : {"", "soon", "1e300", "NaN", "2026-13-01T00:00:00Z"}) {
    const auto t = api::parse_time(wrong);
    REQUIRE_FALSE(t);
    CHECK(t.error().message == fmt::format("cannot parse \"{}\" to a valid timestamp", wrong));
  }
}

TEST_CASE("durations are seconds or Prometheus durations") {
  CHECK(api::parse_duration_param("15") == std::chrono::seconds(15));
  CHECK(api::parse_duration_param("0.5") == std::chrono::milliseconds(500));
  CHECK(api::parse_duration_param("1h30m") == std::chrono::minutes(90));
  CHECK_FALSE(api::parse_duration_param("1x"));
  CHECK_FALSE(api::parse_duration_param("1e30"));
  CHECK_FALSE(api::parse_duration_param("NaN"));
}

TEST_CASE("parameters name themselves in errors") {
  net::HttpRequest request("GET", "/api/v1/query?time=never&limit=-1");
  const auto t = api::time_param(request, "time", 0);
  REQUIRE_FALSE(t);
  CHECK(t.error().message == "invalid parameter \"time\": cannot parse \"never\" to a valid timestamp");
  const auto limit = api::limit_param(request);
  REQUIRE_FALSE(limit);
  CHECK_THAT(limit.error().message, Catch::StartsWith("invalid parameter \"limit\""));
  CHECK(api::time_param(net::HttpRequest("GET", "/"), "time", 42) == 42);
}
