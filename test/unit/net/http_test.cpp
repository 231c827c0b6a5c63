#include "net/http.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Task<HttpResponse> echo(HttpRequest request, HttpRouter::Captures captures) {
  std::string text = request.method;
  for (const std::string& capture : captures) text += "|" + capture;
  co_return HttpResponse(200, text);
}

HttpRouter::Handler named(std::string name) {
  return [name](HttpRequest request, HttpRouter::Captures captures) -> Task<HttpResponse> {
    captures.insert(captures.begin(), name);
    return echo(std::move(request), std::move(captures));
  };
}

std::string route(const HttpRouter& router, std::string method, std::string target) {
  test::TestLoop loop;
  const HttpResponse response = loop.run(router.handle(HttpRequest(std::move(method), std::move(target))));
  return std::to_string(response.status) + " " + std::string(response.body.view());
}

}  // namespace

TEST_CASE("header names compare without case, values keep their order", "[net]") {
  Headers headers{{"Accept", "a"}, {"accept", "b"}};
  CHECK(headers.get("ACCEPT") == "a");
  headers.set("aCCept", "c");
  CHECK(headers.fields() == Pairs{{"aCCept", "c"}});
  headers.remove("Accept");
  CHECK_FALSE(headers.has("accept"));
  CHECK(headers.get("accept").empty());
}

TEST_CASE("the path is decoded and has no query", "[net]") {
  CHECK(HttpRequest("GET", "/a%20b?c=d").path() == "/a b");
  CHECK(HttpRequest("GET", "/a+b").path() == "/a+b");
  CHECK(HttpRequest("GET", "/a%2").path() == "/a%2");
}

TEST_CASE("parameters come from a form body, then from the query", "[net]") {
  HttpRequest request("POST", "/q?query=up%7Bjob%3D%22a%22%7D&x=1+2&bad=%zz&two=1;2&empty=&novalue&&a=b=c");
  request.body = "query=second&match[]=a&match%5B%5D=b";
  CHECK(request.params() ==
        Pairs{{"query", "up{job=\"a\"}"}, {"x", "1 2"}, {"empty", ""}, {"novalue", ""}, {"a", "b=c"}});
  request.headers.set("content-type", "Application/x-www-form-urlencoded; charset=UTF-8");
  CHECK(request.param("query") == "second");
  CHECK(request.params().back() == Pairs::value_type("a", "b=c"));
  CHECK(request.all_params("match[]") == std::vector<std::string>{"a", "b"});
  CHECK(request.all_params("query").size() == 2);
  CHECK(request.param("none").empty());
}

TEST_CASE("a multipart form is read after the query, and all of it or nothing", "[net]") {
  const auto params_of = [](std::string_view content_type, std::string body) {
    HttpRequest request("POST", "/q?x=1");
    request.headers.set("Content-Type", content_type);
    request.body = std::move(body);
    Pairs out = request.params();
    REQUIRE(out.front() == Pairs::value_type("x", "1"));
    out.erase(out.begin());
    return out;
  };
  constexpr std::string_view kType = "multipart/form-data; boundary=B";
  const auto part = [](std::string_view disposition, std::string_view value) {
    return fmt::format("--B\r\nContent-Disposition: {}\r\n\r\n{}\r\n", disposition, value);
  };
  const std::string query = part("form-data; name=\"query\"", "sum(up)\r\n--Bad");
  CHECK(params_of(kType, query + "--B--\r\n") == Pairs{{"query", "sum(up)\r\n--Bad"}});
  CHECK(params_of("Multipart/Form-Data; charset=utf-8; boundary=\"B\"", "preamble\r\n" + query + "--B--") ==
        Pairs{{"query", "sum(up)\r\n--Bad"}});
  CHECK(params_of(kType, part("form-data; name=\"a\\\"b\"", "1") + part("form-data; name=c", "") + "--B--") ==
        Pairs{{"a\"b", "1"}, {"c", ""}});
  CHECK(params_of(kType, "--B\nContent-Disposition: form-data; name=a\n\n1\n--B--\n") == Pairs{{"a", "1"}});
  // Files, parts without a name and other parts are no values.
  CHECK(params_of(kType, part("form-data; name=f; filename=\"x.txt\"", "1") + part("form-data", "2") +
                             part("attachment; name=g", "3") + part("form-data; name=a", "4") + "--B--") ==
        Pairs{{"a", "4"}});
  CHECK(params_of(kType, query).empty());
  CHECK(params_of(kType, query + "--B\r\nno field\r\n\r\n\r\n--B--").empty());
  CHECK(params_of("multipart/form-data", query + "--B--").empty());
  CHECK(params_of("multipart/form-data; boundary=\"B", query + "--B--").empty());
  CHECK(params_of("multipart/mixed; boundary=B", query + "--B--").empty());
  std::string many;
  for (int i = 0; i < 1001; ++i) many += part("form-data; name=a", "1");
  CHECK(params_of(kType, many + "--B--").empty());
}

TEST_CASE("a body is owned or shared", "[net]") {
  const auto page = std::make_shared<const std::string>("page");
  CHECK(Body(page).view().data() == page->data());
  CHECK(Body("text").view() == "text");
  CHECK(Body().size() == 0);
}

TEST_CASE("the router picks the most special route", "[net]") {
  HttpRouter router;
  router.add("GET", "/*", named("rest"));
  router.add("GET", "/api/v1/label/{name}/values", named("values"));
  router.add("GET", "/api/v1/label/special/values", named("special"));
  router.add("GET,POST", "/api/v1/query", named("query"));
  router.add("DELETE", "/api/v1/query", named("delete"));
  router.add("GET", "/", named("root"));
  router.add("GET", "/static/*", named("static"));

  struct Case {
    std::string method, target, expected;
  };
  const Case cases[] = {
      {"GET", "/", "200 GET|root"},
      {"GET", "/?a=/b", "200 GET|root"},
      {"GET", "/api/v1/label/job/values", "200 GET|values|job"},
      {"GET", "/api/v1/label/a%2Fb%20c/values?x", "200 GET|values|a/b c"},
      {"GET", "/api/v1/label/special/values", "200 GET|special"},
      {"GET", "/api/v1/label//values", "200 GET|rest|api/v1/label//values"},
      {"POST", "/api/v1/query", "200 POST|query"},
      {"HEAD", "/api/v1/query", "200 HEAD|query"},
      {"DELETE", "/api/v1/query", "200 DELETE|delete"},
      {"PUT", "/api/v1/query", "405 Method Not Allowed\n"},
      {"GET", "/static/a/b.js", "200 GET|static|a/b.js"},
      {"GET", "/static/", "200 GET|static|"},
      {"GET", "/static", "200 GET|rest|static"},
      {"GET", "/other%20one", "200 GET|rest|other one"},
      {"GET", "/other%2", "400 400 bad request: invalid URL escape in the path\n"},
      {"GET", "nonsense", "404 404 page not found\n"},
      {"GET", "", "404 404 page not found\n"},
  };
  for (const Case& c : cases) {
    INFO(c.method << " " << c.target);
    CHECK(route(router, c.method, c.target) == c.expected);
  }
}

TEST_CASE("405 names the methods that the path has", "[net]") {
  HttpRouter router;
  router.add("GET, POST", "/a", named("a"));
  router.add("DELETE", "/a", named("b"));
  test::TestLoop loop;
  CHECK(loop.run(router.handle(HttpRequest("PATCH", "/a"))).headers.get("Allow") == "DELETE, GET, OPTIONS, POST");
}

TEST_CASE("an empty router knows no page", "[net]") {
  CHECK(route(HttpRouter(), "GET", "/").starts_with("404"));
}

}  // namespace tocsin::net
