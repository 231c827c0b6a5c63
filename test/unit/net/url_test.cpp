#include "net/url.hpp"

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

std::string describe(const Result<Url>& url) {
  if (!url) return url.error().message;
  return fmt::format("{} {} {} {} {}", url->tls ? "tls" : "tcp", url->host, url->port, url->host_field, url->target);
}

}  // namespace

TEST_CASE("a URL is taken apart for a client", "[net]") {
  struct Case {
    std::string text, expected;
  };
  const Case cases[] = {
      {"http://h", "tcp h 80 h /"},
      {"HTTP://Host:80/A?b#c", "tcp host 80 Host /A?b"},
      {"https://h/", "tls h 443 h /"},
      {"https://h:8443?q=1", "tls h 8443 h:8443 /?q=1"},
      {"http://h:/x", "tcp h 80 h /x"},
      {"http://[2001:db8::1]:90/x", "tcp 2001:db8::1 90 [2001:db8::1]:90 /x"},
      {"http://[::1]/", "tcp ::1 80 [::1] /"},
      {"http://a_b.c-d/", "tcp a_b.c-d 80 a_b.c-d /"},
      {"http://h/a b?match[]={job=\"x\"}|\xc3\xa4", "tcp h 80 h /a%20b?match%5B%5D=%7Bjob=%22x%22%7D%7C%C3%A4"},
      {"http://h/a%20b?c=%7B", "tcp h 80 h /a%20b?c=%7B"},
      {"http://h/a%2", "parse \"http://h/a%2\": not a valid URL"},
      {"http://h:65536/", "parse \"http://h:65536/\": invalid port \"65536\""},
      {"http://h:0/", "parse \"http://h:0/\": invalid port \"0\""},
      {"http://h:80a/", "parse \"http://h:80a/\": invalid port after host"},
      {"http://h:80:90/", "parse \"http://h:80:90/\": invalid port after host"},
      {"http://[::1/", "parse \"http://[::1/\": not a valid URL"},
      {"http://user:hunter2@h:65536/", "parse \"http://xxxxx@h:65536/\": invalid port"},
      {"http://user:hunter2@:x/", "parse \"http://xxxxx@:x/\": invalid port after host"},
      {"http://user:hunter2@[::1/", "parse \"http://xxxxx@[::1/\": not a valid URL"},
      {"http://user:hun/ter2@h/", "parse \"http://xxxxx@h/\": invalid port after host"},
      {"http://a\nb/", "parse \"http://a\\nb/\": not a valid URL"},
      {"http://a/\r\nX: y", "parse \"http://a/\\r\\nX: y\": not a valid URL"},
      {"http://", "no Host in request URL"},
      {"http:///x", "no Host in request URL"},
      {"file:///etc/passwd", "unsupported protocol scheme \"file\""},
      {"localhost/x", "unsupported protocol scheme \"\""},
      {"", "unsupported protocol scheme \"\""},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(describe(parse_url(c.text)) == c.expected);
  }
  CHECK(parse_url("http://[::1]:1/")->address() == "[::1]:1");
  CHECK(parse_url("http://h/")->address() == "h:80");
}

TEST_CASE("userinfo is decoded into a basic authorization", "[net]") {
  CHECK(parse_url("http://a:b@h/")->authorization == "Basic YTpi");
  CHECK(parse_url("http://a@h/")->authorization == "Basic YTo=");
  CHECK(parse_url("http://%3a@h/")->authorization == "Basic Ojo=");
  CHECK(parse_url("http://h/")->authorization.empty());
}

TEST_CASE("a Location is seen from its page", "[net]") {
  const Url base = parse_url("http://u:p@h:81/a/b?q").value();
  struct Case {
    std::string location, expected;
  };
  const Case cases[] = {
      {"/c", "tcp h 81 h:81 /c"},
      {"c?d", "tcp h 81 h:81 /a/c?d"},
      {"../c", "tcp h 81 h:81 /c"},
      {"//other/c", "tcp other 80 other /c"},
      {"https://other/c d", "tls other 443 other /c%20d"},
      {"ftp://other/", "unsupported protocol scheme \"ftp\""},
      {"http://a b/", "failed to parse Location header \"http://a b/\""},
  };
  for (const Case& c : cases) {
    INFO(c.location);
    CHECK(describe(resolve_url(base, c.location)) == c.expected);
  }
  CHECK(resolve_url(base, "/c")->authorization == base.authorization);
  CHECK(resolve_url(base, "http://h:81/c")->authorization.empty());
}

}  // namespace tocsin::net
