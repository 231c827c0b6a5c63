#include "exporters/nginx/access_stats.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::nginx {
namespace {

std::string page_of(const AccessStats& stats) {
  expo::Page page;
  page.begin();
  stats.put(page);
  page.end();
  return page.render();
}

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

}  // namespace

TEST_CASE("requests are counted by status, method and host, and measured by host", "[nginx]") {
  AccessStats stats({.duration_buckets = {0.1, 1}, .size_buckets = {100}});
  for (int i = 0; i < 3; ++i) {
    stats.add({.status = 200, .method = "GET", .host = "A.example:443", .duration = 0.1, .response_bytes = 50});
  }
  stats.add({.status = 502, .method = "GET", .host = "a.example", .duration = 5, .upstream = 0.5});
  stats.add({.status = 400, .method = "\x16\x03", .host = "-"});
  stats.add_bad_line();
  const std::string page = page_of(stats);
  CHECK(has_line(page, "nginx_http_requests_total{host=\"a.example\",method=\"GET\",status=\"200\"} 3"));
  CHECK(has_line(page, "nginx_http_requests_total{host=\"a.example\",method=\"GET\",status=\"502\"} 1"));
  CHECK(has_line(page, "nginx_http_requests_total{host=\"\",method=\"other\",status=\"400\"} 1"));
  CHECK(has_line(page, "nginx_http_request_duration_seconds_bucket{host=\"a.example\",le=\"0.1\"} 3"));
  CHECK(has_line(page, "nginx_http_request_duration_seconds_bucket{host=\"a.example\",le=\"1\"} 3"));
  CHECK(has_line(page, "nginx_http_request_duration_seconds_bucket{host=\"a.example\",le=\"+Inf\"} 4"));
  CHECK(has_line(page, "nginx_http_request_duration_seconds_count{host=\"a.example\"} 4"));
  CHECK(has_line(page, "nginx_http_upstream_time_seconds_sum{host=\"a.example\"} 0.5"));
  CHECK(has_line(page, "nginx_http_response_size_bytes_bucket{host=\"a.example\",le=\"100\"} 3"));
  CHECK_FALSE(page.contains("request_size"));
  CHECK(has_line(page, "tocsin_nginx_access_log_lines_total 6"));
  CHECK(has_line(page, "tocsin_nginx_access_log_bad_lines_total 1"));
}

TEST_CASE("hosts that clients make up are one", "[nginx]") {
  AccessStats stats({.max_hosts = 2});
  for (int i = 0; i < 1000; ++i) {
    const std::string host = fmt::format("h{}", i);
    stats.add({.status = 200, .host = host});
  }
  stats.add({.status = 200, .host = std::string_view("h0")});
  const std::string page = page_of(stats);
  CHECK(has_line(page, "nginx_http_requests_total{host=\"h0\",method=\"\",status=\"200\"} 2"));
  CHECK(has_line(page, "nginx_http_requests_total{host=\"other\",method=\"\",status=\"200\"} 998"));

  AccessStats known({.hosts = {"Shop.example"}});
  for (const std::string_view host : {"shop.example", "evil", "[::1]:80"}) known.add({.status = 200, .host = host});
  const std::string bounded = page_of(known);
  CHECK(has_line(bounded, "nginx_http_requests_total{host=\"shop.example\",method=\"\",status=\"200\"} 1"));
  CHECK(has_line(bounded, "nginx_http_requests_total{host=\"other\",method=\"\",status=\"200\"} 2"));
}

}  // namespace tocsin::exporters::nginx
