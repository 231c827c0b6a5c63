#pragma once
// Requests to a router on virtual time, and answers as values.

#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "support/test_loop.hpp"

namespace tocsin::api {

struct Harness {
  test::TestLoop loop;
  QueryLane lane{loop, loop.work(), {}};
  net::HttpRouter router;

  net::HttpResponse ask(net::HttpRequest request) { return loop.run(router.handle(std::move(request))); }
  net::HttpResponse get(std::string target) { return ask(net::HttpRequest("GET", std::move(target))); }
  net::HttpResponse post(std::string target, std::string form) {
    net::HttpRequest request("POST", std::move(target));
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
    return ask(std::move(request));
  }
  std::string body(std::string target) { return std::string(get(std::move(target)).body.view()); }
  /// "data" of a success without warnings, as it stands.
  std::string data(std::string target) {
    constexpr std::string_view kHead = R"({"status":"success","data":)";
    const net::HttpResponse response = get(std::move(target));
    const std::string_view text = response.body.view();
    INFO(text);
    CHECK(response.status == 200);
    REQUIRE(text.starts_with(kHead));
    return std::string(text.substr(kHead.size(), text.size() - kHead.size() - 1));
  }
  /// "status errorType: error" of a failure.
  std::string error(std::string target) {
    const net::HttpResponse response = get(std::move(target));
    const auto value = boost::json::parse(boost::json::string_view(response.body.view()));
    REQUIRE(value.at("status").as_string() == "error");
    return fmt::format("{} {}: {}", response.status, std::string_view(value.at("errorType").as_string()),
                       std::string_view(value.at("error").as_string()));
  }
};

}  // namespace tocsin::api
