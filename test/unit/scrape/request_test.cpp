#include "scrape/request.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

scrape::TargetSpec target(std::string url, Duration timeout) {
  scrape::TargetSpec spec;
  spec.url = std::move(url);
  spec.timeout = timeout;
  return spec;
}

std::string format_of(const config::ScrapeConfig& config, std::string_view content_type) {
  const auto format = scrape::page_format(config, content_type);
  if (!format) return format.error().message;
  if (*format == expo::PageFormat::kProtobuf) return "protobuf";
  return *format == expo::PageFormat::kOpenMetrics ? "openmetrics" : "text";
}

}  // namespace

TEST_CASE("a scrape says what it reads, how long it waits, and what it can unpack") {
  config::ScrapeConfig config;
  const auto request = scrape::make_request(config, target("http://a:1/metrics", 2500ms));
  CHECK(request.method == "GET");
  CHECK(request.target == "http://a:1/metrics");
  CHECK(request.headers.get("Accept") ==
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  CHECK(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds") == "2.5");
  CHECK(request.headers.get("Accept-Encoding") == "gzip");

  config.enable_compression = false;
  const auto plain = scrape::make_request(config, target("http://a:1/metrics", 10s));
  CHECK(plain.headers.get("Accept-Encoding") == "identity");
  CHECK(plain.headers.get("X-Prometheus-Scrape-Timeout-Seconds") == "10");
}

TEST_CASE("scrape_protocols are offered in their order, and names in the scheme that is configured") {
  config::ScrapeConfig config;
  config.scrape_protocols = {"PrometheusText0.0.4", "OpenMetricsText1.0.0"};
  CHECK(scrape::accept_header(config) ==
        "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "*/*;q=0.4");
  config.scrape_protocols = {"PrometheusText1.0.0"};
  for (const char* scheme : {"underscores", "dots", "values", "allow-utf-8"}) {
    config.metric_name_escaping_scheme = scheme;
    CHECK(scrape::accept_header(config) == fmt::format("text/plain;version=1.0.0;escaping={};q=0.6,*/*;q=0.5", scheme));
  }
  config.metric_name_escaping_scheme = "";
  config.metric_name_validation_scheme = "legacy";
  CHECK(scrape::accept_header(config) == "text/plain;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5");
  const std::string protobuf =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,";
  config.scrape_protocols = {"PrometheusProto", "PrometheusText0.0.4"};
  CHECK(scrape::accept_header(config) == protobuf + "text/plain;version=0.0.4;q=0.5,*/*;q=0.4");
  // Who wants native histograms is offered the format that has them.
  config.scrape_protocols.clear();
  config.scrape_native_histograms = true;
  CHECK_THAT(scrape::accept_header(config), Catch::StartsWith(protobuf + "application/openmetrics-text;version=1.0.0"));
}

TEST_CASE("the client gets the target's timeout and socket") {
  auto spec = target("http://a:1/", 3s);
  CHECK(scrape::make_send_options(spec).timeout == 3s);
  CHECK_FALSE(scrape::make_send_options(spec).accept_gzip);
  CHECK(scrape::make_send_options(spec).unix_socket.empty());
  spec.unix_socket = "/run/app.sock";
  CHECK(scrape::make_send_options(spec).unix_socket == "/run/app.sock");
}

TEST_CASE("a scrape that got no answer fails as Go's client says it") {
  const Error refused{Errc::kIo, "dial tcp 127.0.0.1:1: connect: connection refused"};
  CHECK(scrape::fetch_error(refused, "http://127.0.0.1:1/metrics", false) ==
        "Get \"http://127.0.0.1:1/metrics\": dial tcp 127.0.0.1:1: connect: connection refused");
  CHECK(scrape::fetch_error({Errc::kIo, "unexpected EOF"}, "http://a/", true) == "unexpected EOF");
}

TEST_CASE("only status 200 is a page") {
  const auto verdict = [](int status) {
    const auto checked = scrape::check_status(net::HttpResponse(status, "page"));
    return checked ? "ok" : checked.error().message;
  };
  CHECK(verdict(200) == "ok");
  CHECK(verdict(404) == "server returned HTTP status 404 Not Found");
  CHECK(verdict(204) == "server returned HTTP status 204 No Content");
  CHECK(verdict(503) == "server returned HTTP status 503 Service Unavailable");
  CHECK(verdict(799) == "server returned HTTP status 799");
}

TEST_CASE("the content type is how a page is read") {
  const config::ScrapeConfig config;
  CHECK(format_of(config, "text/plain; version=0.0.4; charset=utf-8") == "text");
  CHECK(format_of(config, "text/plain") == "text");
  CHECK(format_of(config, "TEXT/Plain;version=1.0.0;escaping=allow-utf-8") == "text");
  CHECK(format_of(config, "text/plain;") == "text");
  CHECK(format_of(config, "text/plain; a=\"x;\\\"y\"") == "text");
  CHECK(format_of(config, "application/openmetrics-text; version=1.0.0; charset=utf-8") == "openmetrics");
  CHECK(format_of(config, "application/openmetrics-text") == "openmetrics");
  CHECK(format_of(config, "") ==
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target");
  CHECK(format_of(config, "text/html; charset=utf-8") ==
        "received unsupported Content-Type \"text/html; charset=utf-8\" and no fallback_scrape_protocol specified for "
        "target");
  CHECK(format_of(config, "text/plain; charset") ==
        "cannot parse Content-Type \"text/plain; charset\" and no fallback_scrape_protocol for target\n"
        "mime: invalid media parameter");
  CHECK(format_of(config, "/plain") ==
        "cannot parse Content-Type \"/plain\" and no fallback_scrape_protocol for target\nmime: no media type");
  CHECK(format_of(config, "application/vnd.google.protobuf") == "protobuf");
}

TEST_CASE("fallback_scrape_protocol is how an unknown page is read") {
  config::ScrapeConfig config;
  config.fallback_scrape_protocol = "PrometheusText0.0.4";
  CHECK(format_of(config, "") == "text");
  CHECK(format_of(config, "text/html") == "text");
  CHECK(format_of(config, "text/plain; charset") == "text");
  CHECK(format_of(config, "application/openmetrics-text") == "openmetrics");  // known, so believed
  config.fallback_scrape_protocol = "OpenMetricsText0.0.1";
  CHECK(format_of(config, "") == "openmetrics");
  config.fallback_scrape_protocol = "PrometheusText1.0.0";
  CHECK(format_of(config, "x") == "text");
  config.fallback_scrape_protocol = "PrometheusProto";
  CHECK(format_of(config, "") == "protobuf");
  CHECK(format_of({}, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited") ==
        "protobuf");
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
  CHECK(type("a/b;c=d;c=d") == "a/b");
  CHECK(type("a/b;c=d;C=e") == "error: mime: duplicate parameter name");
  CHECK(type("a/b;c") == "error: mime: invalid media parameter");
  CHECK(type("a/b;;c=d") == "error: mime: invalid media parameter");
  CHECK(type("a b/c") == "error: mime: expected slash after first token");
  CHECK(type("a/") == "error: mime: expected token after slash");
  CHECK(type("a/b c") == "error: mime: unexpected content after media subtype");
  CHECK(type("") == "error: mime: no media type");
}
