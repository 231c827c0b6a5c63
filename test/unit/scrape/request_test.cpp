#include "scrape/request.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

std::string verdict(const config::ScrapeConfig& config, int status, std::string_view content_type) {
  net::HttpResponse response(status, "page");
  if (!content_type.empty()) response.headers.set("Content-Type", content_type);
  const auto checked = scrape::check_response(config, response);
  return checked ? "ok" : checked.error().message;
}

}  // namespace

TEST_CASE("a scrape says what it reads, how long it waits, and who it is") {
  config::ScrapeConfig config;
  const auto request = scrape::make_request(config, "http://a:1/metrics", 2500ms);
  CHECK(request.method == "GET");
  CHECK(request.target == "http://a:1/metrics");
  CHECK(request.headers.get("Accept") == "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  CHECK(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds") == "2.5");
  CHECK_FALSE(request.headers.has("Authorization"));
  CHECK_FALSE(request.headers.has("Accept-Encoding"));

  config.enable_compression = false;
  config.http.username = "Aladdin";
  config.http.password = Secret("open sesame");
  const auto plain = scrape::make_request(config, "http://a:1/metrics", 10s);
  CHECK(plain.headers.get("Accept-Encoding") == "identity");
  CHECK(plain.headers.get("Authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(plain.headers.get("X-Prometheus-Scrape-Timeout-Seconds") == "10");

  config.http = {};
  config.http.authorization_credentials = Secret("t0ken");
  CHECK(scrape::make_request(config, "http://a:1/", 10s).headers.get("Authorization") == "Bearer t0ken");
}

TEST_CASE("the client gets timeout, limit, compression and redirects from the configuration") {
  config::ScrapeConfig config;
  auto options = scrape::make_send_options(config, 3s);
  CHECK(options.timeout == 3s);
  CHECK(options.accept_gzip);
  CHECK(options.follow_redirects);
  CHECK(options.max_body_bytes == 512U << 20U);
  config.body_size_limit = 1000;
  config.enable_compression = false;
  config.http.follow_redirects = false;
  options = scrape::make_send_options(config, 3s);
  CHECK_FALSE(options.accept_gzip);
  CHECK_FALSE(options.follow_redirects);
  CHECK(options.max_body_bytes == 999);  // a page of just the limit is too long, as in Prometheus
}

TEST_CASE("only status 200 with a content type that is known is a page") {
  config::ScrapeConfig config;
  CHECK(verdict(config, 200, "text/plain; version=0.0.4; charset=utf-8") == "ok");
  CHECK(verdict(config, 200, "text/plain") == "ok");
  CHECK(verdict(config, 200, "TEXT/Plain;version=1.0.0;escaping=allow-utf-8") == "ok");
  CHECK(verdict(config, 200, "text/plain;") == "ok");
  CHECK(verdict(config, 200, "text/plain; a=\"x;\\\"y\"") == "ok");
  CHECK(verdict(config, 404, "text/plain") == "server returned HTTP status 404 Not Found");
  CHECK(verdict(config, 204, "text/plain") == "server returned HTTP status 204 No Content");
  CHECK(verdict(config, 503, "text/plain") == "server returned HTTP status 503 Service Unavailable");
  CHECK(verdict(config, 200, "") ==
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target");
  CHECK(verdict(config, 200, "text/html; charset=utf-8") ==
        "received unsupported Content-Type \"text/html; charset=utf-8\" and no fallback_scrape_protocol specified for "
        "target");
  CHECK(verdict(config, 200, "text/plain; charset") ==
        "cannot parse Content-Type \"text/plain; charset\" and no fallback_scrape_protocol for target: mime: invalid "
        "media parameter");
  CHECK(verdict(config, 200, "/plain") ==
        "cannot parse Content-Type \"/plain\" and no fallback_scrape_protocol for target: mime: invalid media type");
}

TEST_CASE("fallback_scrape_protocol is how an unknown page is read") {
  config::ScrapeConfig config;
  config.fallback_scrape_protocol = "PrometheusText0.0.4";
  CHECK(verdict(config, 200, "") == "ok");
  CHECK(verdict(config, 200, "text/html") == "ok");
  CHECK(verdict(config, 200, "text/plain; charset") == "ok");
  CHECK(verdict(config, 500, "") == "server returned HTTP status 500 Internal Server Error");
}

TEST_CASE("formats that this build does not read are refused by name") {
  config::ScrapeConfig config;
  CHECK(verdict(config, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8") ==
        "received Content-Type \"application/openmetrics-text; version=1.0.0; charset=utf-8\", which this build does "
        "not read: only text/plain");
  config.fallback_scrape_protocol = "OpenMetricsText1.0.0";
  CHECK(verdict(config, 200, "") == "received Content-Type \"\", which this build does not read: only text/plain");
}

TEST_CASE("media types are read as Go's mime package reads them") {
  const auto type = [](std::string_view text) {
    const auto parsed = scrape::media_type(text);
    return parsed ? *parsed : "error: " + parsed.error().message;
  };
  CHECK(type(" Text/PLAIN ; a=b ; c=\"d\"") == "text/plain");
  CHECK(type("form-data") == "form-data");
  CHECK(type("a/b; c=\"open") == "error: mime: invalid media parameter");
  CHECK(type("a/b; c=\"d\" e") == "error: mime: invalid media parameter");
  CHECK(type("a b/c") == "error: mime: invalid media type");
  CHECK(type("") == "error: mime: invalid media type");
}
