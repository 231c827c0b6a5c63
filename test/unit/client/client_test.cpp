#include <catch2/catch.hpp>

#include "fixture.hpp"
#include "net/proxy.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::client {

TEST_CASE("basic credentials come from values and files", "[client]") {
  Fixture f;
  f.write("/user", "  me\n");
  f.write("/password", "s\xc3\xa4\n");
  struct Case {
    std::string user, user_file, password, password_file, expected;
  };
  const Case cases[] = {
      {"me", "", "secret", "", "Basic bWU6c2VjcmV0"},
      {"", "/user", "", "/password", "Basic bWU6c8Ok"},
      {"me", "", "", "", "Basic bWU6"},
      {"", "", "", "", "Basic Og=="},
  };
  for (const Case& c : cases) {
    config::HttpClientConfig config;
    config.has_basic_auth = true;
    config.username = c.user;
    config.username_file = c.user_file;
    config.password = Secret(c.password);
    config.password_file = c.password_file;
    f.configure(config);
    CHECK(f.outcome() == "200");
    CHECK(f.field("Authorization") == c.expected);
  }
}

TEST_CASE("authorization has a type and credentials, and gives way to the caller's", "[client]") {
  Fixture f;
  config::HttpClientConfig config;
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK_FALSE(f.last().request.headers.has("Authorization"));
  config.has_authorization = true;
  config.authorization_credentials = Secret("token");
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer token");
  config.authorization_type = "Api-Key";
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Api-Key token");
  net::HttpRequest own;
  own.headers.set("Authorization", "mine");
  own.headers.set("User-Agent", "caller/1");
  CHECK(f.send("http://target/", own)->status == 200);
  CHECK(f.field("Authorization") == "mine");
  CHECK(f.field("User-Agent") == "caller/1");
  config.authorization_credentials = Secret();
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Api-Key");
}

TEST_CASE("http_headers are added with all their values, and are secret", "[client]") {
  Fixture f;
  f.write("/key", "from a file\n");
  config::HttpClientConfig config;
  config.http_headers = {{"X-Tenant", {"a", "b"}, {}, {}}, {"X-Key", {"v"}, {Secret("s")}, {"/key"}}};
  f.configure(config);
  CHECK(f.outcome() == "200");
  const auto& fields = f.last().request.headers.fields();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"X-Tenant", "a"}, {"X-Tenant", "b"}, {"X-Key", "v"}, {"X-Key", "s"}, {"X-Key", "from a file"}};
  CHECK(fields == expected);
  REQUIRE(f.last().options.secret_fields);
  CHECK(*f.last().options.secret_fields == std::vector<std::string>{"X-Tenant", "X-Key"});
}

TEST_CASE("a file is read again when it has changed, looked at once a second", "[client]") {
  Fixture f;
  f.write("/token", "one");
  config::HttpClientConfig config;
  config.has_authorization = true;
  config.authorization_credentials_file = "/token";
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer one");
  f.write("/token", "two");
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer one");
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer two");

  // Many at once share one look.
  f.loop.advance(1s);
  f.write("/token", "six");
  auto first = f.loop.start(f.client->send(net::HttpRequest("GET", "http://a/"), {}));
  auto second = f.loop.start(f.client->send(net::HttpRequest("GET", "http://b/"), {}));
  f.loop.run_ready();
  CHECK(first.get()->status == 200);
  CHECK(second.get()->status == 200);
  CHECK(f.field("Authorization") == "Bearer six");
}

TEST_CASE("a file that vanishes fails the requests by its name until it is back", "[client]") {
  Fixture f;
  config::HttpClientConfig config;
  config.has_authorization = true;
  config.authorization_credentials_file = "/token";
  f.configure(config);
  const std::string gone =
      "unable to read authorization credentials: unable to read file /token: open /token: no such file or directory";
  CHECK(f.outcome() == gone);
  f.write("/token", "very secret");
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  REQUIRE(f.fs.remove("/token"));
  f.loop.advance(1s);
  CHECK(f.outcome() == gone);
  f.write("/token", "back");
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer back");
}

TEST_CASE("each file that is missing is told in Prometheus' words", "[client]") {
  Fixture f;
  config::HttpClientConfig basic, password, headers, ca, cert, key;
  basic.has_basic_auth = password.has_basic_auth = true;
  basic.username_file = password.password_file = "/x";
  headers.http_headers = {{"X-Key", {}, {}, {"/x"}}};
  ca.tls.ca_file = "/x";
  cert.tls.cert_file = cert.tls.key_file = "/x";
  const std::pair<config::HttpClientConfig, std::string> cases[] = {
      {basic, "unable to read basic auth username: unable to read file /x: "},
      {password, "unable to read basic auth password: unable to read file /x: "},
      {headers, "unable to read headers file /x: "},
      {ca, "unable to read CA cert: unable to read file /x: "},
      {cert, "unable to read client cert: unable to read file /x: "},
  };
  for (const auto& [config, expected] : cases) {
    f.configure(config);
    CHECK(f.outcome() == expected + "open /x: no such file or directory");
  }
  config::HttpClientConfig reference;
  reference.secret_ref = "password_ref";
  f.configure(reference);
  CHECK(f.outcome() == "cannot use secret ref without manager");
  CHECK(f.fake.sent().empty());
}

TEST_CASE("certificates make TLS options that stay the same until a file changes", "[client]") {
  const test::Identity first("DNS:a", 3600), second("DNS:b", 3600);
  Fixture f;
  f.write("/ca", first.cert_pem());
  f.write("/cert", first.cert_pem());
  f.write("/key", first.key_pem());
  config::HttpClientConfig config;
  config.tls = {"", "/ca", "", "/cert", Secret(), "/key", "name", "TLS11", "TLS13", true};
  f.configure(config);
  CHECK(f.outcome() == "200");
  const auto options = f.last().options.tls;
  REQUIRE(options);
  CHECK(options->ca_pem + "\n" == first.cert_pem());
  CHECK(options->key_pem.reveal() + "\n" == first.key_pem());
  CHECK(options->server_name == "name");
  CHECK(options->min_version == 0x0302);
  CHECK(options->max_version == 0x0304);
  CHECK(options->insecure_skip_verify);
  f.loop.advance(10s);
  f.write("/ca", first.cert_pem());  // touched, not changed
  CHECK(f.outcome() == "200");
  CHECK(f.last().options.tls == options);
  f.write("/cert", second.cert_pem());
  f.loop.advance(1s);
  CHECK(f.outcome() ==
        "unable to use specified client cert (file /cert) & key (file /key): tls: private key does not match public "
        "key");
  f.write("/key", second.key_pem());
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.last().options.tls != options);
  CHECK(f.last().options.tls->cert_pem + "\n" == second.cert_pem());
  f.write("/ca", "nonsense");
  f.loop.advance(1s);
  CHECK(f.outcome() == "unable to use specified CA cert file /ca");

  config::HttpClientConfig inlined;
  inlined.tls.ca = "nonsense";
  f.configure(inlined);
  CHECK(f.outcome() == "unable to use specified CA cert inline");
  f.configure({});
  CHECK(f.outcome() == "200");
  CHECK_FALSE(f.last().options.tls);
}

TEST_CASE("a proxy comes from the configuration or the environment", "[client]") {
  Fixture f;
  const auto chosen = [&f](const std::string& url) -> std::string {
    if (!f.last().options.proxy) return "none";
    const net::Proxy* proxy = f.last().options.proxy->choose(net::parse_url(url).value());
    return proxy == nullptr ? "direct" : proxy->url.host;
  };
  config::HttpClientConfig config;
  config.proxy.proxy_url = Secret("http://me:secret@fixed:3128");
  config.proxy.connect_header = {{"X-Team", {Secret("a"), Secret("b")}}};
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(chosen("http://127.0.0.1/") == "fixed");
  CHECK(chosen("https://a/") == "fixed");
  CHECK(f.last().options.proxy->choose(net::parse_url("http://a/").value())->connect_header.fields().size() == 2);
  config.proxy.no_proxy = "a,10.0.0.0/8";
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(chosen("http://127.0.0.1/") == "direct");
  CHECK(chosen("http://10.1.1.1/") == "direct");
  CHECK(chosen("http://b/") == "fixed");

  config = {};
  config.proxy.from_environment = true;
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(chosen("http://a/") == "none");
  f.environment = {{"HTTP_PROXY", "upper:1"},
                   {"http_proxy", "http://lower:1"},
                   {"https_proxy", "http://tls:1"},
                   {"no_proxy", "x.test"}};
  f.configure(config);
  CHECK(f.outcome() == "200");
  CHECK(chosen("http://a/") == "upper");
  CHECK(chosen("https://a/") == "tls");
  CHECK(chosen("https://a.x.test/") == "direct");
  CHECK(chosen("http://localhost/") == "direct");

  config = {};
  config.proxy.proxy_url = Secret("ftp://me:secret@fixed");
  f.configure(config);
  CHECK(f.outcome() == "invalid proxy address: unsupported protocol scheme \"ftp\"");
}

TEST_CASE("redirects are the configuration's, the rest of the options the caller's", "[client]") {
  Fixture f;
  config::HttpClientConfig config;
  config.follow_redirects = false;
  f.configure(config);
  net::SendOptions options;
  options.timeout = 3s;
  options.max_body_bytes = 7;
  options.unix_socket = "/run/x";
  CHECK(f.loop.run(f.client->send(net::HttpRequest("GET", "http://a/"), options))->status == 200);
  CHECK_FALSE(f.last().options.follow_redirects);
  CHECK(f.last().options.timeout == 3s);
  CHECK(f.last().options.max_body_bytes == 7);
  CHECK(f.last().options.unix_socket == "/run/x");
  std::string got;
  const auto streamed =
      f.loop.run(f.client->stream(net::HttpRequest("GET", "http://a/"), options, [&got](std::string_view piece) {
        got += piece;
        return true;
      }));
  CHECK(streamed->status == 200);
  CHECK(got == "ok");
}

TEST_CASE("a send outlives its client", "[client]") {
  Fixture f;
  f.write("/token", "one");
  config::HttpClientConfig config;
  config.has_authorization = true;
  config.authorization_credentials_file = "/token";
  f.configure(config);
  auto sent = f.loop.start(f.client->send(net::HttpRequest("GET", "http://a/"), {}));
  f.client.reset();
  f.loop.run_ready();
  CHECK(sent.get()->status == 200);
}

}  // namespace tocsin::client
