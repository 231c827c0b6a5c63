// The HTTP client and TLS configurations of prometheus/common, from the corpora: which are taken, and the words with
// which the others are refused.

#include "config/http_client_config.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "base/fs.hpp"

using namespace tocsin;

namespace {

struct Expected {
  const char* file;
  const char* error;  // "": taken
};

/// Facts from common's config/http_config_test.go and tls_config_test.go.
constexpr Expected kHttp[] = {
    {"http.conf.auth-creds-no-basic.bad.yaml",
     "authorization type cannot be set to \"basic\", use \"basic_auth\" instead"},
    {"http.conf.basic-auth.bad-username.yaml",
     "at most one of basic_auth username, username_file & username_ref must be configured"},
    {"http.conf.basic-auth.no-password.yaml", ""},
    {"http.conf.basic-auth.no-username.yaml", ""},
    {"http.conf.basic-auth.ref.yaml", ""},
    {"http.conf.basic-auth.too-much.bad.yaml",
     "at most one of basic_auth password, password_file & password_ref must be configured"},
    {"http.conf.bearer-token-and-file-set.bad.yml",
     "at most one of bearer_token & bearer_token_file must be configured"},
    {"http.conf.empty.bad.yml",
     "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
    {"http.conf.good.yml", ""},
    {"http.conf.headers-multiple.good.yaml", ""},
    {"http.conf.headers.good.yaml", ""},
    // Bad when a request is made: the file does not exist.
    {"http.conf.invalid-bearer-token-file.bad.yml", ""},
    {"http.conf.mix-bearer-and-creds.bad.yaml",
     "authorization is not compatible with bearer_token & bearer_token_file"},
    {"http.conf.no-proxy-without-proxy-url.bad.yaml", "if no_proxy is configured, proxy_url must also be configured"},
    {"http.conf.no-proxy.bad.yaml", "if proxy_from_environment is configured, no_proxy must not be configured"},
    {"http.conf.oauth2-no-token-url.bad.yaml", "oauth2 token_url must be configured"},
    {"http.conf.oauth2-proxy.good.yml", ""},
    {"http.conf.oauth2-secret-and-file-set.bad.yml",
     "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured"},
    {"http.conf.proxy-from-env.bad.yaml", "if proxy_from_environment is configured, proxy_url must not be configured"},
    {"http.conf.proxy-headers.bad.yml",
     "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"},
    {"http.conf.proxy-headers.good.json", ""},
    {"http.conf.proxy-headers.good.yml", ""},
};

constexpr Expected kTls[] = {
    {"tls_config.cert_no_key.bad.yml",
     "exactly one of key or key_file must be configured when a client certificate is configured"},
    {"tls_config.empty.good.json", ""},
    {"tls_config.empty.good.yml", ""},
    {"tls_config.insecure.good.json", ""},
    {"tls_config.insecure.good.yml", ""},
    {"tls_config.invalid_field.bad.yml", "field something_invalid not found in type config.plain"},
    {"tls_config.max_and_min_version.bad.json",
     "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified"},
    {"tls_config.max_and_min_version.bad.yml",
     "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified"},
    {"tls_config.max_and_min_version.good.json", ""},
    {"tls_config.max_and_min_version_same.good.json", ""},
    {"tls_config.max_version.good.json", ""},
};

std::string corpus() {
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora != nullptr) return std::string(corpora) + "/prometheus-config/http-client/";
  WARN("TOCSIN_CORPORA is not set: HTTP client configurations were not tried");
  return "";
}

Result<yaml::Node> parse_file(const std::string& path) {
  TOCSIN_TRY(std::string text, posix_fs().read_file(path));
  return yaml::parse(std::move(text), path);
}

Result<void> read_http(const std::string& path) {
  TOCSIN_TRY(const yaml::Node root, parse_file(path));
  yaml::Fields fields(root, "config.plain");
  config::HttpClientConfig http;
  std::vector<std::string> warnings;
  TOCSIN_OK(config::read_http_client_fields(fields, http, warnings));
  return fields.finish();
}

Result<void> read_tls(const std::string& path) {
  TOCSIN_TRY(const yaml::Node root, parse_file(path));
  TOCSIN_OK(config::read_tls_config(root));
  return {};
}

void check_verdict(const Expected& expected, const Result<void>& verdict) {
  INFO(expected.file);
  if (*expected.error == '\0') {
    INFO((verdict ? "" : verdict.error().message));
    CHECK(verdict);
  } else {
    REQUIRE_FALSE(verdict);
    CHECK_THAT(verdict.error().message, Catch::Contains(expected.error));
  }
}

/// Whether the tables name every file of the folder that is a configuration.
bool is_named(std::string_view file) {
  const auto names = [&](const Expected& expected) { return file == expected.file; };
  return std::any_of(std::begin(kHttp), std::end(kHttp), names) || std::any_of(std::begin(kTls), std::end(kTls), names);
}

}  // namespace

TEST_CASE("HTTP client configurations are read or refused as in Prometheus") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  for (const Expected& expected : kHttp) check_verdict(expected, read_http(folder + expected.file));
}

TEST_CASE("TLS configurations are read or refused as in Prometheus") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  for (const Expected& expected : kTls) check_verdict(expected, read_tls(folder + expected.file));
}

TEST_CASE("no HTTP client configuration of the corpora is left out") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  for (const char* pattern : {"http.conf.*", "tls_config.*"}) {
    const auto files = glob(posix_fs(), folder + pattern);
    REQUIRE(files);
    REQUIRE_FALSE(files->empty());
    for (const std::string& path : *files) {
      INFO(path);
      CHECK(is_named(path.substr(path.rfind('/') + 1)));
    }
  }
}
