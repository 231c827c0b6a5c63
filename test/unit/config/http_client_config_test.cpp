#include "config/http_client_config.hpp"

#include <catch2/catch.hpp>

#include "config/go_url.hpp"

using namespace tocsin;
using config::HttpClientConfig;

namespace {

struct Read {
  Result<void> verdict;
  HttpClientConfig http;
  std::vector<std::string> warnings;
};

Read read(const std::string& text) {
  Read out;
  const auto root = yaml::parse(text, "/etc/p/h.yml");
  INFO(text);
  REQUIRE(root);
  yaml::Fields fields(*root, "config.plain");
  out.verdict = config::read_http_client_fields(fields, out.http, out.warnings);
  if (out.verdict) out.verdict = fields.finish();
  return out;
}

HttpClientConfig must_read(const std::string& text) {
  const Read out = read(text);
  INFO(text);
  INFO((out.verdict ? "" : out.verdict.error().message));
  REQUIRE(out.verdict);
  CHECK(out.warnings.empty());
  return out.http;
}

std::string error_of(const std::string& text) {
  const Read out = read(text);
  return out.verdict ? "" : out.verdict.error().message;
}

}  // namespace

TEST_CASE("nothing said is Prometheus' defaults") {
  for (const char* text : {"", "{}", "{basic_auth: , tls_config: , http_headers: , oauth2: , authorization: }"}) {
    CHECK(must_read(text) == HttpClientConfig{});
  }
}

TEST_CASE("basic_auth has texts and files, and be it empty") {
  const HttpClientConfig http = must_read("basic_auth: {username: u, password_file: pw}");
  CHECK(http.has_basic_auth);
  CHECK(http.username == "u");
  CHECK(http.password_file == "/etc/p/pw");
  CHECK(must_read("basic_auth: {username_file: /abs/u, password: p}").username_file == "/abs/u");
  CHECK(must_read("basic_auth: {}").has_basic_auth);
}

TEST_CASE("authorization and bearer tokens are one thing") {
  const HttpClientConfig typed = must_read("authorization: {type: ' APIKEY ', credentials_file: c/token}");
  CHECK(typed.has_authorization);
  CHECK(typed.authorization_type == "APIKEY");
  CHECK(typed.authorization_credentials_file == "/etc/p/c/token");
  const HttpClientConfig token = must_read("bearer_token: t");
  CHECK(token.has_authorization);
  CHECK(token.authorization_type == "Bearer");
  CHECK(token.authorization_credentials.reveal() == "t");
  CHECK(must_read("bearer_token_file: t").authorization_credentials_file == "/etc/p/t");
  CHECK_FALSE(must_read("{bearer_token: '', basic_auth: {username: u}}").has_authorization);
}

TEST_CASE("oauth2 is read as a whole") {
  const HttpClientConfig http = must_read(R"(
oauth2:
  client_id: id
  client_secret_file: s
  scopes: [a, b]
  token_url: https://auth/token
  endpoint_params: {z: "1", a: x}
  tls_config: {ca_file: ca.pem}
  proxy_url: http://proxy:3128
)");
  REQUIRE(http.oauth2);
  CHECK(http.oauth2->client_id == "id");
  CHECK(http.oauth2->client_secret_file == "/etc/p/s");
  CHECK(http.oauth2->scopes == std::vector<std::string>{"a", "b"});
  CHECK(http.oauth2->token_url == "https://auth/token");
  CHECK(http.oauth2->endpoint_params == std::vector<std::pair<std::string, std::string>>{{"a", "x"}, {"z", "1"}});
  CHECK(http.oauth2->tls.ca_file == "/etc/p/ca.pem");
  CHECK(http.oauth2->proxy.proxy_url.reveal() == "http://proxy:3128");
  CHECK(http.proxy.proxy_url.empty());
}

TEST_CASE("the claims of a JWT keep their types") {
  const HttpClientConfig http = must_read(R"(
oauth2:
  client_id: id
  token_url: http://a
  grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
  client_certificate_key_id: kid
  client_certificate_key_file: k.pem
  signature_algorithm: RS384
  iss: me
  audience: you
  claims: {text: "1", number: 1, truth: true, ratio: 0.5, list: [a, 2], map: {k: v}}
)");
  REQUIRE(http.oauth2);
  CHECK(http.oauth2->client_certificate_key_file == "/etc/p/k.pem");
  CHECK(http.oauth2->issuer == "me");
  CHECK(http.oauth2->claims == std::vector<std::pair<std::string, std::string>>{{"text", "\"1\""},
                                                                                {"number", "1"},
                                                                                {"truth", "true"},
                                                                                {"ratio", "5E-1"},
                                                                                {"list", "[\"a\",2]"},
                                                                                {"map", "{\"k\":\"v\"}"}});
}

TEST_CASE("tls_config is read, its files beside the configuration") {
  const HttpClientConfig http = must_read(
      "tls_config: {ca_file: ca.pem, cert: C, key_file: k.pem, server_name: s, insecure_skip_verify: true, "
      "min_version: TLS10, max_version: TLS13}");
  CHECK(http.tls.ca_file == "/etc/p/ca.pem");
  CHECK(http.tls.cert == "C");
  CHECK(http.tls.key_file == "/etc/p/k.pem");
  CHECK(http.tls.server_name == "s");
  CHECK(http.tls.insecure_skip_verify);
  CHECK(http.tls.min_version == "TLS10");
  CHECK(http.tls.max_version == "TLS13");
}

TEST_CASE("proxies and headers are read") {
  const HttpClientConfig http = must_read(R"(
proxy_url: http://u:p@proxy:3128
no_proxy: 10.0.0.0/8,.local
proxy_connect_header: {X-A: [one, two], X-B: }
http_headers:
  X-One: {values: [a, b]}
  x-two: {secrets: [s], files: [f, /abs/f]}
follow_redirects: false
enable_http2: false
)");
  CHECK(http.proxy.proxy_url.reveal() == "http://u:p@proxy:3128");
  CHECK(http.proxy.no_proxy == "10.0.0.0/8,.local");
  REQUIRE(http.proxy.connect_header.size() == 2);
  CHECK(http.proxy.connect_header[0].second == std::vector<Secret>{Secret("one"), Secret("two")});
  REQUIRE(http.http_headers.size() == 2);
  CHECK(http.http_headers[0].values == std::vector<std::string>{"a", "b"});
  CHECK(http.http_headers[1].secrets == std::vector<Secret>{Secret("s")});
  CHECK(http.http_headers[1].files == std::vector<std::string>{"/etc/p/f", "/abs/f"});
  CHECK_FALSE(http.follow_redirects);
  CHECK_FALSE(http.enable_http2);
  CHECK(must_read("proxy_from_environment: true").proxy.from_environment);
}

TEST_CASE("HTTP client mistakes have common's words and a position") {
  const std::string at = "/etc/p/h.yml:";
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"{bearer_token: a, bearer_token_file: b}",
       "1:1: at most one of bearer_token & bearer_token_file must be configured"},
      {"{bearer_token: a, oauth2: {}}",
       "1:1: at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
      {"{bearer_token: a, authorization: {}}",
       "1:1: authorization is not compatible with bearer_token & bearer_token_file"},
      {"basic_auth: {username: a, username_file: b}",
       "1:13: at most one of basic_auth username, username_file & username_ref must be configured"},
      {"basic_auth: {password_ref: a, password_file: b}",
       "1:13: at most one of basic_auth password, password_file & password_ref must be configured"},
      {"authorization: {credentials: a, credentials_ref: b}",
       "1:16: at most one of authorization credentials & credentials_file must be configured"},
      {"authorization: {type: ' Basic'}",
       "1:23: authorization type cannot be set to \"basic\", use \"basic_auth\" instead"},
      {"{basic_auth: {}, oauth2: {client_id: a, token_url: b}}",
       "1:1: at most one of basic_auth, oauth2 & authorization must be configured"},
      {"basic_auth: {user: a}", "1:14: field user not found in type config.plain"},
      {"authorization: {token: a}", "1:17: field token not found in type config.Authorization"},
      {"basic_auth: secret-text", "1:13: cannot unmarshal !!str `secret-...` into config.plain"},
      {"oauth2: {token_url: a}", "1:9: oauth2 client_id must be configured"},
      {"oauth2: {client_id: a}", "1:9: oauth2 token_url must be configured"},
      {"oauth2: {client_id: a, token_url: b, client_secret: c, client_secret_ref: d}",
       "1:9: at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using "
       "grant-type=client_credentials"},
      {"oauth2: {client_id: a, token_url: b, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', "
       "signature_algorithm: HS256}",
       "1:118: valid signature algorithms are RS256, RS384 and RS512"},
      {"oauth2: {client_id: a, token_url: b, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', "
       "client_certificate_key: k, client_certificate_key_file: f}",
       "1:9: at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref "
       "must be configured using grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer"},
      {"oauth2: {client_id: a, token_url: b, no_proxy: x}",
       "1:48: if no_proxy is configured, proxy_url must also be configured"},
      {"tls_config: {ca: a, ca_file: b}", "1:13: at most one of ca, ca_file & ca_ref must be configured"},
      {"tls_config: {cert: a, cert_file: b}", "1:13: at most one of cert, cert_file & cert_ref must be configured"},
      {"tls_config: {key: a, key_file: b}", "1:13: at most one of key and key_file must be configured"},
      {"tls_config: {cert: a}",
       "1:13: exactly one of key or key_file must be configured when a client certificate is configured"},
      {"tls_config: {key: a}",
       "1:13: exactly one of cert or cert_file must be configured when a client key is configured"},
      {"tls_config: {min_version: tls12}", "1:27: unknown TLS version: tls12"},
      {"tls_config: {min_version: TLS13, max_version: TLS12}",
       "1:47: tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified"},
      {"tls_config: {insecure: true}", "1:14: field insecure not found in type config.plain"},
      {"{proxy_url: 'http://a', proxy_from_environment: true}",
       "1:13: if proxy_from_environment is configured, proxy_url must not be configured"},
      {"{no_proxy: a, proxy_from_environment: true}",
       "1:12: if proxy_from_environment is configured, no_proxy must not be configured"},
      {"{no_proxy: a}", "1:12: if no_proxy is configured, proxy_url must also be configured"},
      {"proxy_connect_header: {a: [b]}",
       "1:23: if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"},
      {"proxy_url: 127.0.0.1:8080", "1:12: parse \"127.0.0.1:8080\": first path segment in URL cannot contain colon"},
      {"http_headers: {user-agent: {values: [x]}}", "1:16: setting header \"User-Agent\" is not allowed"},
      {"http_headers: {x: {value: [x]}}", "1:20: field value not found in type config.Header"},
      {"http_headers: [x]", "1:15: cannot unmarshal !!seq into config.Headers"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(error_of(c.text) == at + c.error);
  }
}

TEST_CASE("a URL that may hold a password is not repeated") {
  const std::string error = error_of("proxy_url: http://user:hunter2@proxy:x");
  CHECK(error == "/etc/p/h.yml:1:12: parse \"<secret>\": not a valid URL");
}

TEST_CASE("a secret reference loads and says that it cannot work") {
  const Read out = read("basic_auth: {username_ref: admin, password_ref: pass}");
  REQUIRE(out.verdict);
  CHECK(out.http.secret_ref == "username_ref");
  REQUIRE(out.warnings.size() == 1);
  CHECK(out.warnings[0] == "/etc/p/h.yml:1:1: username_ref: cannot use secret ref without manager; requests will fail");
}

TEST_CASE("URLs are taken or refused as Go does it") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"http://a", ""},
      {"", ""},
      {"a/b", ""},
      {"//host/path", ""},
      {"unix:///var/run/x.sock", ""},
      {"http://[::1]:80/", ""},
      {"http://a:", ""},
      {"http://u%20:p@a/?%zz#%", ""},
      {"mailto:a:b", ""},
      {":x", "parse \":x\": missing protocol scheme"},
      {"a:80/x:y", ""},  // the scheme is "a"
      {"1:80", "parse \"1:80\": first path segment in URL cannot contain colon"},
      {"http://a:b", "parse \"http://a:b\": invalid port \":b\" after host"},
      {"http://[::1", "parse \"http://[::1\": missing ']' in host"},
      {"http://a b", "parse \"http://a b\": invalid character \" \" in host name"},
      {"http://a/%zz", "parse \"http://a/%zz\": invalid URL escape \"%zz\""},
      {"http://a\n", "parse \"http://a\\n\": net/url: invalid control character in URL"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto url = config::parse_go_url(c.text);
    CHECK((url ? "" : url.error().message) == c.error);
  }
  const auto url = config::parse_go_url("HTTPS://user@Host:1/a/b?c#d");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "Host:1");
  CHECK(url->path == "/a/b");
}
