// OAuth 2.0 over scripted answers.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/strings.hpp"
#include "fixture.hpp"
#include "net/percent.hpp"

namespace tocsin::client {
namespace {

constexpr const char* kTokenUrl = "http://login/token";

net::HttpResponse json(std::string body, int status = 200) {
  return net::HttpResponse(status, "application/json", std::move(body));
}

struct OauthFixture : Fixture {
  OauthFixture() {
    config::OAuth2Config oauth2;
    oauth2.client_id = "me & co";
    oauth2.client_secret = Secret("s3cret/");
    oauth2.token_url = kTokenUrl;
    config.oauth2 = oauth2;
    answer({json(R"({"access_token":"one","token_type":"bearer","expires_in":60})"),
            json(R"({"access_token":"two","expires_in":"60"})"), json(R"({"access_token":"three"})")});
  }
  void answer(std::vector<Result<net::HttpResponse>> answers) { fake.when_in_turn("POST", kTokenUrl, answers); }
  std::vector<net::HttpRequest> asked() const {
    std::vector<net::HttpRequest> out;
    for (const auto& sent : fake.sent()) {
      if (sent.request.target == kTokenUrl) out.push_back(sent.request);
    }
    return out;
  }
  config::HttpClientConfig config;
};

}  // namespace

TEST_CASE("a token is fetched once and used until shortly before its end", "[client]") {
  OauthFixture f;
  f.config.oauth2->scopes = {"read", "write"};
  f.config.oauth2->endpoint_params = {{"audience", "a b"}};
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer one");
  REQUIRE(f.asked().size() == 1);
  CHECK(f.asked()[0].headers.get("Authorization") == "Basic bWUrJTI2K2NvOnMzY3JldCUyRg==");
  CHECK(f.asked()[0].headers.get("Content-Type") == "application/x-www-form-urlencoded");
  CHECK(f.asked()[0].body == "audience=a+b&grant_type=client_credentials&scope=read+write");
  f.loop.advance(49s);
  CHECK(f.outcome() == "200");
  CHECK(f.asked().size() == 1);
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer two");
  f.loop.advance(50s);
  CHECK(f.outcome() == "200");
  f.loop.advance(24h);  // the third says nothing about its end
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer three");
  CHECK(f.asked().size() == 3);
}

TEST_CASE("requests that lack a token share one fetch", "[client]") {
  OauthFixture f;
  f.fake.set_delay(1s);
  f.configure(f.config);
  std::vector<test::Started<Result<net::HttpResponse>>> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(f.loop.start(f.client->send(net::HttpRequest("GET", "http://a/"), {})));
  net::SendOptions hasty;
  hasty.timeout = 500ms;
  auto early = f.loop.start(f.client->send(net::HttpRequest("GET", "http://a/"), hasty));
  f.loop.advance(500ms);
  CHECK(early.get().error().message == "context deadline exceeded");
  f.loop.advance(2s);
  for (auto& one : sent) CHECK(one.get()->status == 200);
  CHECK(f.asked().size() == 1);
}

TEST_CASE("a token that is refused is replaced once", "[client]") {
  OauthFixture f;
  f.fake.when_in_turn("GET", "http://target/*",
                      {net::HttpResponse(200, "ok"), net::HttpResponse(401, ""), net::HttpResponse(200, "ok"),
                       net::HttpResponse(401, "")});
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer two");
  CHECK(f.outcome() == "401");
  CHECK(f.asked().size() == 3);
}

TEST_CASE("an endpoint that wants the secret in the form gets it there", "[client]") {
  OauthFixture f;
  f.answer({json(R"({"error":"invalid_client"})", 401), json(R"({"access_token":"one","expires_in":11})"),
            json(R"({"access_token":"two"})")});
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  REQUIRE(f.asked().size() == 2);
  CHECK_FALSE(f.asked()[1].headers.has("Authorization"));
  CHECK(f.asked()[1].body == "client_id=me+%26+co&client_secret=s3cret%2F&grant_type=client_credentials");
  f.loop.advance(2s);
  CHECK(f.outcome() == "200");
  CHECK(f.asked().size() == 3);  // it is remembered
  CHECK(f.asked()[2].body == f.asked()[1].body);
}

TEST_CASE("what is wrong with a token is told as Go's oauth2 tells it", "[client]") {
  struct Case {
    Result<net::HttpResponse> answer;
    std::string expected;
  };
  const Case cases[] = {
      {net::HttpResponse(500, "text/html", "<html>sorry</html>"),
       "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: <html>sorry</html>"},
      {json(R"({"error":"invalid_client","error_description":"who?","error_uri":"http://x"})", 401),
       R"(oauth2: "invalid_client" "who?" "http://x")"},
      {json(R"({"error":"invalid_scope"})"), R"(oauth2: "invalid_scope")"},
      {json(R"({"token_type":"bearer"})"), "oauth2: server response missing access_token"},
      {json(R"({"access_token":"a\nb"})"), "oauth2: the token cannot be sent"},
      {net::HttpResponse(400, "application/x-www-form-urlencoded", "error=bad+one"), R"(oauth2: "bad one")"},
      {fail(Errc::kIo, "dial tcp 127.0.0.1:1: connect: connection refused"),
       "oauth2: cannot fetch token: Post \"http://login/token\": dial tcp 127.0.0.1:1: connect: connection refused"},
  };
  for (const Case& c : cases) {
    OauthFixture f;
    f.answer({c.answer});
    f.configure(f.config);
    CHECK(f.outcome() == c.expected);
    CHECK(f.asked().size() == 2);
  }
  for (const char* body : {"<html>", "[]", "\"x\"", "{\"a\":", ""}) {
    OauthFixture f;
    f.answer({json(body)});
    f.configure(f.config);
    CHECK(f.outcome().starts_with("oauth2: cannot parse json: "));
  }
  OauthFixture f;
  f.config.oauth2->endpoint_params = {{"scope", "x"}};
  f.config.oauth2->scopes = {"y"};
  f.configure(f.config);
  CHECK(f.outcome() == "oauth2: cannot overwrite parameter \"scope\"");
}

TEST_CASE("a token in form encoding, and of another type, is used", "[client]") {
  OauthFixture f;
  f.answer({net::HttpResponse(200, "text/plain; charset=utf-8", "access_token=a%20b&token_type=MAC&expires_in=5")});
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "MAC a b");
  CHECK(f.outcome() == "200");
  CHECK(f.asked().size() == 2);  // five seconds are within the margin
}

TEST_CASE("a client secret of a file is read again, and asks for another token", "[client]") {
  OauthFixture f;
  f.config.oauth2->client_secret = Secret();
  f.config.oauth2->client_secret_file = "/secret";
  f.configure(f.config);
  CHECK(f.outcome() ==
        "unable to read oauth2 client secret: unable to read file /secret: open /secret: no such file or "
        "directory");
  f.write("/secret", "one\n");
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.asked().at(0).headers.get("Authorization") == "Basic bWUrJTI2K2NvOm9uZQ==");
  f.write("/secret", "two\n");
  f.loop.advance(1s);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer two");
  CHECK(f.asked().at(1).headers.get("Authorization") == "Basic bWUrJTI2K2NvOnR3bw==");
}

TEST_CASE("the caller's own Authorization needs no token", "[client]") {
  OauthFixture f;
  f.configure(f.config);
  net::HttpRequest own;
  own.headers.set("Authorization", "mine");
  CHECK(f.send("http://target/", own)->status == 200);
  CHECK(f.field("Authorization") == "mine");
  CHECK(f.asked().empty());
}

TEST_CASE("the token endpoint has its own TLS and proxy", "[client]") {
  OauthFixture f;
  f.config.oauth2->tls.server_name = "login";
  f.config.oauth2->proxy.proxy_url = Secret("http://proxy:1");
  f.config.tls.server_name = "target";
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  CHECK(f.fake.sent().at(0).options.tls->server_name == "login");
  CHECK(f.fake.sent().at(0).options.proxy);
  CHECK(f.last().options.tls->server_name == "target");
  CHECK_FALSE(f.last().options.proxy);
}

TEST_CASE("a JWT bearer grant sends an assertion that the key has signed", "[client]") {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);

  OauthFixture f;
  config::OAuth2Config& oauth2 = *f.config.oauth2;
  oauth2.grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  oauth2.client_certificate_key = Secret(std::string(data, static_cast<std::size_t>(size)));
  oauth2.client_certificate_key_id = "k1";
  oauth2.signature_algorithm = "RS384";
  oauth2.scopes = {"read"};
  oauth2.claims = {{"extra", "[1]"}};
  f.configure(f.config);
  CHECK(f.outcome() == "200");
  CHECK(f.field("Authorization") == "Bearer one");
  std::vector<std::pair<std::string, std::string>> form;
  net::append_form_pairs(f.asked().at(0).body, form);
  REQUIRE(form.size() == 3);
  CHECK(form[1] == std::pair<std::string, std::string>("grant_type", oauth2.grant_type));
  CHECK(form[2] == std::pair<std::string, std::string>("scope", "read"));
  CHECK_FALSE(f.asked().at(0).headers.has("Authorization"));

  const std::string assertion = form[0].second;
  const auto parts = split(assertion, '.');
  REQUIRE(parts.size() == 3);
  const auto decode = [](std::string text) {
    text = replace_all(replace_all(text, "-", "+"), "_", "/");
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string out(text.size() / 4 * 3, '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    out.resize(out.size() - padding);
    return out;
  };
  CHECK(decode(std::string(parts[0])) == R"({"alg":"RS384","typ":"JWT","kid":"k1"})");
  const boost::json::object claims = boost::json::parse(decode(std::string(parts[1]))).as_object();
  CHECK(claims.at("iss").as_string() == "me & co");
  CHECK(claims.at("sub").as_string() == "me & co");
  CHECK(claims.at("aud").as_string() == kTokenUrl);
  CHECK(claims.at("exp").as_int64() - claims.at("iat").as_int64() == 600);
  CHECK(claims.at("scope").as_string() == "read");
  CHECK(claims.at("extra").as_array().size() == 1);
  const std::string signature = decode(std::string(parts[2]));
  const std::string text = assertion.substr(0, assertion.rfind('.'));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key.get()) == 1);
  CHECK(EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);

  oauth2.client_certificate_key = Secret("nonsense");
  f.configure(f.config);
  CHECK(f.outcome() == "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
}

}  // namespace tocsin::client
