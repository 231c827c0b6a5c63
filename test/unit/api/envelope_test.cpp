#include "api/envelope.hpp"

#include <catch2/catch.hpp>

#include "api/params.hpp"

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
  CHECK(api::parse_time("1.0005") == 1000);  // Go: 0.0005 is a little less than that
  CHECK(api::parse_time("1795232822.5555") == 1795232822556);
  CHECK(api::parse_time("1_000") == 1'000'000);
  for (const char* wrong : {"", "soon", "1e300", "1e400", "NaN", "2026-13-01T00:00:00Z", "2026-11-21t03:47:02z", "_1",
                            "1_", "1__0", "1_.5"}) {
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
  CHECK(api::parse_duration_param("1_000") == std::chrono::seconds(1000));
  CHECK(api::parse_duration_param("9223372036") == std::chrono::seconds(9223372036));
  CHECK(api::parse_duration_param("9223372037").error().message.ends_with("It overflows int64"));
  CHECK(api::parse_duration_param("1e400").error().message == "cannot parse \"1e400\" to a valid duration");
}

TEST_CASE("the texts of Prometheus' minimum and maximum time mean all of it") {
  CHECK(api::parse_time("-292273086-05-16T16:47:06Z") == api::kAllStart);
  CHECK(api::parse_time("292277025-08-18T07:12:54.999999999Z") == api::kAllEnd);
}

TEST_CASE("integers and booleans are read as Go does, with its words") {
  CHECK(api::parse_go_int("Atoi", "12") == 12);
  CHECK(api::parse_go_int("Atoi", "+12") == 12);
  CHECK(api::parse_go_int("Atoi", "-12") == -12);
  CHECK(api::parse_go_int("ParseInt", "2147483647", 32) == 2147483647);
  struct Case {
    std::string_view text, error;
  };
  for (const Case& c :
       {Case{"", "strconv.Atoi: parsing \"\": invalid syntax"},
        Case{"1.5", "strconv.Atoi: parsing \"1.5\": invalid syntax"},
        Case{"+-1", "strconv.Atoi: parsing \"+-1\": invalid syntax"},
        Case{"99999999999999999999", "strconv.Atoi: parsing \"99999999999999999999\": value out of range"}}) {
    const auto value = api::parse_go_int("Atoi", c.text);
    REQUIRE_FALSE(value);
    CHECK(value.error().message == c.error);
  }
  CHECK_FALSE(api::parse_go_int("ParseInt", "2147483648", 32));
  CHECK(api::parse_go_bool("T") == true);
  CHECK(api::parse_go_bool("0") == false);
  CHECK(api::parse_go_bool("yes").error().message == "strconv.ParseBool: parsing \"yes\": invalid syntax");
}

TEST_CASE("parameters name themselves in errors") {
  const api::Params params(net::HttpRequest("GET", "/api/v1/query?time=never&limit=-1&step=x&match[]=a&match[]=b"));
  CHECK(params.time("time", 0).error().message ==
        "invalid parameter \"time\": invalid time value for 'time': cannot parse \"never\" to a valid timestamp");
  CHECK(params.limit().error().message == "invalid parameter \"limit\": limit must be non-negative");
  CHECK(params.duration("step").error().message ==
        "invalid parameter \"step\": cannot parse \"x\" to a valid duration");
  CHECK(params.matchers()->size() == 2);
  const api::Params none(net::HttpRequest("GET", "/"));
  CHECK(none.time("time", 42) == 42);
  CHECK(none.limit() == 0U);
  CHECK(none.text("time").empty());
  net::HttpRequest both("POST", "/?query=a&match[]=a");
  both.headers.set("Content-Type", "application/x-www-form-urlencoded");
  both.body = "query=b&match[]=b&match[]=c";
  CHECK(api::Params(both).text("query") == "b");
  CHECK(api::Params(both).all("match[]") == std::vector<std::string>{"b", "c", "a"});
  const api::Params word(net::HttpRequest("GET", "/?limit=many"));
  CHECK(word.limit().error().message == "invalid parameter \"limit\": strconv.Atoi: parsing \"many\": invalid syntax");
}
