#include <algorithm>
#include <iterator>
#include <set>

#include "base/strings.hpp"
#include "config/cloud_auth.hpp"
#include "config/other_sections.hpp"
#include "config/scrape_config.hpp"
#include "config/values.hpp"

// Source of rules and words: Prometheus config/config.go, RemoteWriteConfig, RemoteReadConfig and QueueConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::string_view kReserved[] = {"host",
                                          "content-encoding",
                                          "content-length",
                                          "content-type",
                                          "user-agent",
                                          "connection",
                                          "keep-alive",
                                          "proxy-authenticate",
                                          "proxy-authorization",
                                          "www-authenticate",
                                          "accept-encoding",
                                          "x-prometheus-remote-write-version",
                                          "x-prometheus-remote-read-version",
                                          "x-amz-date",
                                          "x-amz-security-token",
                                          "x-amz-content-sha256"};

Result<void> check_headers(const Node& node) {
  for (const Node::Entry& entry : node.entries()) {
    const std::string name = to_lower(entry.key.text());
    if (name == "authorization") {
      return entry.key.error(
          "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or "
          "google_iam "
          "parameter");
    }
    if (is_reserved_header(name)) {
      return entry.key.error("{} is a reserved header. It must not be changed", entry.key.text());
    }
  }
  return {};
}

Result<void> check_message(const Node& node) {
  constexpr std::string_view kV1 = "prometheus.WriteRequest";
  constexpr std::string_view kV2 = "io.prometheus.write.v2.Request";
  const std::string& name = node.text();
  if (node.is_null() || name == kV1 || name == kV2) return {};
  return node.error(
      "invalid protobuf_message value: unknown type for remote write protobuf message {}, supported: {}, {}", name, kV1,
      kV2);
}

Result<void> check_queue(const Node& node) {
  std::int64_t capacity = 10'000;
  std::int64_t max_shards = 50;
  std::int64_t min_shards = 1;
  std::int64_t max_samples = 2000;
  Duration deadline{0};
  Duration min_backoff = std::chrono::milliseconds(30);
  Duration max_backoff = std::chrono::seconds(5);
  Duration age_limit{0};
  bool retry = false;
  Fields fields(node, "config.QueueConfig");
  fields.read("capacity", capacity).read("max_shards", max_shards).read("min_shards", min_shards);
  fields.read("max_samples_per_send", max_samples).read("batch_send_deadline", deadline);
  fields.read("min_backoff", min_backoff).read("max_backoff", max_backoff).read("retry_on_http_429", retry);
  fields.read("sample_age_limit", age_limit);
  TOCSIN_OK(fields.finish());
  if (max_shards <= 0) return node["max_shards"].error("remote write queue max_shards must be positive");
  if (min_shards <= 0) return node["min_shards"].error("remote write queue min_shards must be positive");
  if (min_shards > max_shards) {
    return node.error("remote write queue min_shards must not be greater than max_shards");
  }
  if (max_samples <= 0) {
    return node["max_samples_per_send"].error("remote write queue max_samples_per_send must be positive");
  }
  if (capacity <= 0) return node["capacity"].error("remote write queue capacity must be positive");
  if (max_backoff < min_backoff) {
    return node.error("remote write queue max_backoff must not be less than min_backoff");
  }
  return {};
}

Result<void> check_metadata(const Node& node) {
  bool send = true;
  Duration interval{0};
  std::int64_t max_samples = 0;
  Fields fields(node, "config.MetadataConfig");
  fields.read("send", send).read("send_interval", interval).read("max_samples_per_send", max_samples);
  return fields.finish();
}

/// At most one of the ways to authorize.
Result<void> check_authorizations(const Node& node, const HttpClientConfig& http) {
  std::vector<std::string_view> configured;
  if (http.has_basic_auth) configured.emplace_back("basic_auth");
  if (http.has_authorization) configured.emplace_back("authorization");
  if (http.oauth2) configured.emplace_back("oauth2");
  for (const std::string_view key : {"sigv4", "azuread", "google_iam"}) {
    if (!node[key].is_null()) configured.push_back(key);
  }
  if (configured.size() < 2) return {};
  return node.error(
      "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently "
      "configured: [{}]",
      fmt::join(configured, " "));
}

/// What remote_write and remote_read share.
void read_common(Fields& fields, std::string& name) {
  Duration timeout{0};
  fields.child("url", [](const Node& n) -> Result<void> {
    TOCSIN_OK(read_go_url(n));
    return {};
  });
  fields.child("headers", [](const Node& n) -> Result<void> {
    TOCSIN_OK(read_text_map(n));
    return {};
  });
  fields.read("remote_timeout", timeout).read("name", name);
}

Result<void> check_remote_write(const Node& node, bool legacy_names, std::string& name) {
  Fields fields(node, "config.plain");
  bool ignored = false;
  std::string message;
  HttpClientConfig http;
  std::vector<std::string> warnings;  // the section as a whole gets one
  std::vector<RelabelConfig> rules;
  read_common(fields, name);
  for (const std::string_view key :
       {"send_exemplars", "send_native_histograms", "round_robin_dns", "failed_request_logging"}) {
    fields.read(key, ignored);
  }
  fields.read("protobuf_message", message);
  read_relabel_configs(fields, "write_relabel_configs", "empty or null relabeling rule in remote write config", rules);
  fields.child("metadata_config", check_metadata).child("sigv4", check_sigv4);
  fields.child("azuread", check_azuread).child("google_iam", check_google_iam);
  const Node queue = fields.take("queue_config");
  TOCSIN_OK(fields.failed());
  auto http_read = read_http_client_fields(fields, http, warnings);
  if (http_read) TOCSIN_OK(fields.finish());
  if (node["url"].is_null()) return node.error("url for remote_write is empty");
  TOCSIN_OK(check_headers(node["headers"]));
  TOCSIN_OK(check_message(node["protobuf_message"]));
  TOCSIN_OK(std::move(http_read));
  if (!queue.is_null()) TOCSIN_OK(check_queue(queue));
  TOCSIN_OK(check_authorizations(node, http));
  return legacy_names ? use_legacy_names(node, "write_relabel_configs", rules) : Result<void>();
}

Result<void> check_matchers(const Node& node) {
  TOCSIN_TRY(const auto matchers, read_text_map(node));
  for (const Node::Entry& entry : node.entries()) {
    if (!model::is_valid_name(entry.key.text())) {
      return entry.key.error("{} is not a valid label name", go_quote(entry.key.text()));
    }
  }
  return {};
}

Result<void> check_remote_read(const Node& node, std::string& name) {
  Fields fields(node, "config.plain");
  bool ignored = false;
  std::uint64_t limit = 0;
  HttpClientConfig http;
  std::vector<std::string> warnings;
  read_common(fields, name);
  fields.read("chunked_read_limit", limit).read("read_recent", ignored).read("filter_external_labels", ignored);
  fields.child("required_matchers", check_matchers);
  TOCSIN_OK(fields.failed());
  auto http_read = read_http_client_fields(fields, http, warnings);
  if (http_read) TOCSIN_OK(fields.finish());
  if (node["url"].is_null()) return node.error("url for remote_read is empty");
  TOCSIN_OK(check_headers(node["headers"]));
  return http_read;
}

/// Each element with `check`, which tells its name; names that are not empty stand once.
template <typename Check>
Result<void> check_all(const Node& node, std::string_view kind, const Check& check) {
  if (!node.is_sequence()) return node.wrong_type(fmt::format("[]*config.Remote{}Config", kind));
  const std::string what = to_lower(kind);
  std::set<std::string> names;
  for (const Node& element : node.elements()) {
    if (element.is_null()) return element.error("empty or null remote {} config section", what);
    std::string name;
    TOCSIN_OK(check(element, name));
    if (!name.empty() && !names.insert(name).second) {
      return element["name"].error("found multiple remote {} configs with job name {}", what, go_quote(name));
    }
  }
  return {};
}

}  // namespace

bool is_reserved_header(std::string_view lower_case_name) {
  return std::find(std::begin(kReserved), std::end(kReserved), lower_case_name) != std::end(kReserved);
}

Result<void> check_remote_writes(const Node& node, bool legacy_names) {
  return check_all(node, "Write",
                   [&](const Node& n, std::string& name) { return check_remote_write(n, legacy_names, name); });
}

Result<void> check_remote_reads(const Node& node) {
  return check_all(node, "Read", check_remote_read);
}

}  // namespace tocsin::config
