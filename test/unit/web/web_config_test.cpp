// The verdicts on test/data/web: *.good.yml load; *.bad.yml say what their first line says.

#include "web/web_config.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

namespace tocsin::web {
namespace {

const std::string kFolder = TOCSIN_TEST_DATA;

std::string error_of(const std::string& text) {
  MemFs fs;
  REQUIRE(fs.write_file_atomic("/web.yml", text).has_value());
  const auto config = load_web_config(fs, "/web.yml");
  return config ? std::string() : config.error().message;
}

}  // namespace

TEST_CASE("web configuration files have the toolkit's verdicts", "[web]") {
  const std::vector<std::string> files = posix_fs().list(kFolder).value();
  int good = 0, bad = 0;
  for (const std::string& name : files) {
    if (!name.ends_with(".yml")) continue;
    INFO(name);
    const auto config = load_web_config(posix_fs(), kFolder + "/" + name);
    if (name.ends_with(".good.yml")) {
      ++good;
      CHECK((config ? "" : config.error().message) == "");
      continue;
    }
    ++bad;
    REQUIRE_FALSE(config.has_value());
    const std::string text = posix_fs().read_file(kFolder + "/" + name).value();
    const std::string expected = text.substr(2, text.find('\n') - 2);
    INFO(config.error().message);
    CHECK(config.error().message.find(expected) != std::string::npos);
    CHECK(config.error().message.starts_with(kFolder + "/" + name + ":"));
  }
  CHECK(good >= 13);
  CHECK(bad >= 25);
}

TEST_CASE("a web configuration is read as it is written", "[web]") {
  const auto tls = load_web_config(posix_fs(), kFolder + "/tls_client_cert.good.yml").value();
  REQUIRE(tls->tls != nullptr);
  CHECK(tls->tls_options.client_auth == net::ClientAuth::kRequireAndVerify);
  CHECK(tls->tls_options.client_allowed_sans == std::vector<std::string>{"client.example"});
  CHECK(tls->tls_options.min_version == 0x0303);
  const auto curves = load_web_config(posix_fs(), kFolder + "/tls_all_curves.good.yml").value();
  CHECK(curves->tls_options.min_version == 0x0301);
  CHECK_FALSE(curves->tls_options.prefer_server_cipher_suites);
  const auto headers = load_web_config(posix_fs(), kFolder + "/headers.good.yml").value();
  CHECK(headers->headers.size() == 4);  // the empty one is not sent
  CHECK(headers->tls == nullptr);
  const auto users = load_web_config(posix_fs(), kFolder + "/users.good.yml").value();
  CHECK(users->users.size() == 2);
  const auto rate = load_web_config(posix_fs(), kFolder + "/rate_limit.good.yml").value();
  CHECK(rate->rate_limit == RateLimitOptions{std::chrono::seconds(1), 20});
  CHECK(load_web_config(posix_fs(), kFolder + "/tls_only_versions.good.yml").value()->tls == nullptr);
}

TEST_CASE("a start refuses what Go's HTTP/2 server refuses", "[web]") {
  auto config = *load_web_config(posix_fs(), kFolder + "/tls_no_http2_cipher.good.yml").value();
  CHECK(check_http2_ciphers(config).has_value());
  config.http2 = true;
  REQUIRE_FALSE(check_http2_ciphers(config).has_value());
  CHECK(check_http2_ciphers(config).error().message.starts_with(
      "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher"));
  config.tls_options.cipher_suites.emplace_back("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  CHECK(check_http2_ciphers(config).has_value());
}

TEST_CASE("files that are no web configuration say where", "[web]") {
  MemFs fs;
  CHECK(load_web_config(fs, "/absent.yml").error().message == "open /absent.yml: no such file or directory");
  CHECK(error_of("# only a comment\n").empty());
  CHECK(error_of("basic_auth_users: [a]").starts_with("/web.yml:1:19: cannot unmarshal"));
  CHECK(error_of("http_server_config:\n  headers: deny").starts_with("/web.yml:2:12: cannot unmarshal"));
  CHECK(error_of("a: b: c").starts_with("/web.yml:1:"));
}

}  // namespace tocsin::web
