// Requests through proxies, and the choice of one.

#include "net/proxy.hpp"

#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/proxy_imposter.hpp"
#include "support/test_loop.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::Imposter;
using test::ProxyImposter;
using test::TestLoop;
using test::TlsImposter;

std::shared_ptr<const ProxyRules> through(const std::string& proxy, Headers connect_header = {}) {
  ProxySettings settings;
  settings.http_proxy = settings.https_proxy = proxy;
  settings.for_all = true;
  settings.connect_header = std::move(connect_header);
  return ProxyRules::make(settings).value();
}

std::string at(std::string_view scheme, std::uint16_t port, std::string_view userinfo = "") {
  return fmt::format("{}://{}127.0.0.1:{}", scheme, userinfo, port);
}

struct Fixture {
  Fixture() {
    auto tls = std::make_shared<TlsOptions>();
    tls->ca_pem = identity.cert_pem();
    options.tls = tls;
    origin.when("", "*", Imposter::answer(200, "from the origin"));
  }
  Result<HttpResponse> get(const std::string& url) { return loop.pump(client->send(HttpRequest("GET", url), options)); }
  std::string text(const std::string& url) {
    const auto response = get(url);
    return response ? std::string(response->body.view()) : response.error().message;
  }

  Identity identity{"DNS:origin.test,IP:127.0.0.1", 3600};
  Imposter origin;
  TlsImposter tls_origin{identity, {.forward_to = origin.port()}};
  TestLoop loop;
  std::unique_ptr<HttpClient> client = make_http_client(loop, {});
  SendOptions options;
};

}  // namespace

TEST_CASE("a plain request goes to the proxy in absolute form", "[net]") {
  Fixture f;
  Imposter proxy;
  proxy.when("GET", "*", Imposter::answer(200, "from the proxy"));
  f.options.proxy = through(at("http", proxy.port(), "me:s%20ecret@"));
  CHECK(f.text("http://origin.test/a?b") == "from the proxy");
  CHECK(f.text("http://other.test:81/") == "from the proxy");
  const auto requests = proxy.requests();
  CHECK(requests.at(0).head.starts_with("GET http://origin.test/a?b HTTP/1.1\r\nHost: origin.test\r\n"));
  CHECK(requests.at(0).headers.at("proxy-authorization") == "Basic bWU6cyBlY3JldA==");
  CHECK(requests.at(1).head.starts_with("GET http://other.test:81/ HTTP/1.1\r\nHost: other.test:81\r\n"));
  CHECK(proxy.connections() == 1);
}

TEST_CASE("TLS goes through a tunnel that only the proxy's fields open", "[net]") {
  Fixture f;
  ProxyImposter proxy(f.tls_origin.port());
  f.options.proxy = through(at("http", proxy.port(), "me:secret@"), {{"X-Team", "a"}, {"X-Team", "b"}});
  for (int i = 0; i < 2; ++i) CHECK(f.text("https://origin.test/a") == "from the origin");
  const auto asked = proxy.requests();
  REQUIRE(asked.size() == 1);  // the tunnel is used again
  CHECK(asked[0].head ==
        "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nX-Team: a\r\nX-Team: b\r\nUser-Agent: tocsin\r\n"
        "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
  CHECK(f.origin.requests().at(0).head ==
        "GET /a HTTP/1.1\r\nHost: origin.test\r\nUser-Agent: tocsin\r\nAccept-Encoding: gzip\r\n\r\n");
  // Another server is another tunnel.
  CHECK(f.text("https://origin.test:8443/") == "from the origin");
  CHECK(proxy.requests().size() == 2);
}

TEST_CASE("a proxy may speak TLS itself", "[net]") {
  Fixture f;
  ProxyImposter proxy(f.tls_origin.port());
  TlsImposter tls_proxy(f.identity, {.forward_to = proxy.port()});
  f.options.proxy = through(at("https", tls_proxy.port()));
  CHECK(f.text("https://origin.test/") == "from the origin");
  CHECK(proxy.requests().size() == 1);

  Imposter plain;
  plain.when("GET", "*", Imposter::answer(200, "from the proxy"));
  TlsImposter tls_plain(f.identity, {.forward_to = plain.port()});
  f.options.proxy = through(at("https", tls_plain.port()));
  CHECK(f.text("http://origin.test/") == "from the proxy");
}

TEST_CASE("what a proxy says against a tunnel is the error", "[net]") {
  struct Case {
    std::string answer, expected;
  };
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(2U << 20U, 'x');
  const Case cases[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nno\r\n",
       "Proxy Authentication Required"},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "Bad Gateway"},
      {"HTTP/1.1 201 Created\r\n\r\n", "Created"},
      {"SSH-2.0-dropbear\r\n",
       "net/http: HTTP/1.x transport connection broken: malformed HTTP response "
       "\"SSH-2.0-dropbear\""},
      {endless, "net/http: server response headers exceeded 1048576 bytes; aborted"},
      {"HTTP/1.1 200 OK\r\n\r\nearly", "the proxy sent bytes before the server can have"},
      {"HTTP/1.1 2", "unexpected EOF"},
  };
  for (const Case& c : cases) {
    Fixture f;
    const ProxyImposter proxy(f.tls_origin.port(), c.answer.starts_with("HTTP/1.1 200 OK\r\nX")
                                                       ? replace_all(c.answer, " 200 ", " 299 ")
                                                       : c.answer);
    f.options.proxy = through(at("http", proxy.port()));
    CHECK(f.text("https://origin.test/") == c.expected);
    CHECK(f.origin.requests().empty());
  }
}

TEST_CASE("a proxy that is not there or says nothing is told as such", "[net]") {
  Fixture f;
  std::uint16_t port = 0;
  {
    port = Imposter().port();
  }
  f.options.proxy = through(at("http", port));
  CHECK(f.text("https://origin.test/") ==
        fmt::format("proxyconnect tcp: dial tcp 127.0.0.1:{}: connect: connection refused", port));
  CHECK(f.text("http://origin.test/") ==
        fmt::format("proxyconnect tcp: dial tcp 127.0.0.1:{}: connect: connection refused", port));

  Imposter silent;
  silent.when("CONNECT", "*", Imposter::never());
  f.options.proxy = through(at("http", silent.port()));
  auto sent = f.loop.start(f.client->send(HttpRequest("GET", "https://origin.test/"), f.options));
  f.loop.pump_until([&] { return silent.requests().size() == 1; });
  f.loop.advance(10s);
  f.loop.pump_until([&] { return sent.done(); });
  CHECK(sent.get().error().message == "context deadline exceeded");
}

TEST_CASE("each hop chooses its proxy, and tells it alone its password", "[net]") {
  Fixture f;
  Imposter proxy;
  proxy.when("GET", "http://origin.test/", Imposter::answer(302, "", {{"Location", f.origin.url("/direct")}}));
  ProxySettings settings;
  settings.http_proxy = at("http", proxy.port(), "me:secret@");
  f.options.proxy = ProxyRules::make(settings).value();
  CHECK(f.text("http://origin.test/") == "from the origin");
  CHECK(proxy.requests().size() == 1);
  CHECK(f.origin.requests().at(0).target == "/direct");
  CHECK(f.origin.requests().at(0).headers.count("proxy-authorization") == 0);
}

TEST_CASE("no_proxy is read as Go's httpproxy reads it", "[net]") {
  struct Case {
    std::string no_proxy, url;
    bool direct;
  };
  const Case cases[] = {
      {"", "http://example.com/", false},
      {"", "http://localhost/", true},
      {"", "http://127.0.0.1:8080/", true},
      {"", "http://127.1.2.3/", true},
      {"", "http://[::1]/", true},
      {"", "http://localhost.example.com/", false},
      {"*", "http://example.com/", true},
      {"a.test, *", "http://example.com/", true},
      {"example.com", "http://example.com/", true},
      {"example.com", "http://EXAMPLE.com/", true},
      {"example.com", "http://www.example.com/", true},
      {"example.com", "http://badexample.com/", false},
      {".example.com", "http://example.com/", false},
      {".example.com", "http://www.example.com/", true},
      {"*.example.com", "http://example.com/", false},
      {"*.example.com", "http://a.b.example.com/", true},
      {"example.com:80", "http://example.com/", true},
      {"example.com:80", "http://example.com:81/", false},
      {"example.com:443", "https://example.com/", true},
      {"  Example.COM ,b", "http://example.com/", true},
      {"10.0.0.0/8", "http://10.1.2.3/", true},
      {"10.1.2.3/8", "http://10.9.9.9/", true},
      {"10.0.0.0/8", "http://11.1.2.3/", false},
      {"10.0.0.0/33", "http://10.0.0.1/", false},
      {"192.168.4.0/22", "http://192.168.7.255/", true},
      {"192.168.4.0/22", "http://192.168.8.0/", false},
      {"fd00::/8", "http://[fd12::1]/", true},
      {"fd00::/8", "http://[fe80::1]/", false},
      {"0.0.0.0/0", "http://9.9.9.9/", true},
      {"10.0.0.1", "http://10.0.0.1:9090/", true},
      {"10.0.0.1:9090", "http://10.0.0.1:9090/", true},
      {"10.0.0.1:9090", "http://10.0.0.1/", false},
      {"[2001:db8::1]:80", "http://[2001:db8::1]/", true},
      {"[2001:db8::1]:80", "http://[2001:db8::1]:81/", false},
      {"2001:db8::1", "http://[2001:DB8:0::1]/", true},
      {"10.0.0.1", "http://[::ffff:10.0.0.1]/", true},
      {":80,,", "http://example.com/", false},
      {"10.0.0.0/8", "http://ten.example.com/", false},
  };
  for (const Case& c : cases) {
    INFO(c.no_proxy << " " << c.url);
    ProxySettings settings;
    settings.http_proxy = "http://plain:3128";
    settings.https_proxy = "secure:3128";
    settings.no_proxy = c.no_proxy;
    const auto rules = ProxyRules::make(settings).value();
    const Url url = parse_url(c.url).value();
    const Proxy* proxy = rules->choose(url);
    CHECK((proxy == nullptr) == c.direct);
    if (proxy != nullptr) CHECK(proxy->url.host == (url.tls ? "secure" : "plain"));
  }
}

TEST_CASE("a proxy that is no address is refused", "[net]") {
  ProxySettings settings;
  settings.http_proxy = "socks5://a:1080";
  CHECK(ProxyRules::make(settings).error().message == "invalid proxy address: unsupported protocol scheme \"socks5\"");
  settings.http_proxy = "http://";
  CHECK(ProxyRules::make(settings).error().message == "invalid proxy address: no Host in request URL");
  for (const char* secret : {"http://me:s3cret@host:99999", "http://me:s3/cret@host", "me:s3cret@h ost:x"}) {
    settings.http_proxy = secret;
    CHECK(ProxyRules::make(settings).error().message == "invalid proxy address: not a valid URL");
  }
  settings = {};
  settings.https_proxy = "http://p";
  const auto rules = ProxyRules::make(settings).value();
  CHECK(rules->choose(parse_url("http://a/").value()) == nullptr);
  CHECK(rules->choose(parse_url("https://a/").value()) != nullptr);
  settings = {};
  settings.http_proxy = "http://p";
  settings.no_proxy = "*";
  settings.for_all = true;
  CHECK(ProxyRules::make(settings).value()->choose(parse_url("http://127.0.0.1/").value()) != nullptr);
}

}  // namespace tocsin::net
