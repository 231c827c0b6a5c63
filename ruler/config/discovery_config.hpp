#pragma once
// *_sd_configs: where targets are found. Source: Prometheus discovery/*/.. Config and docs/configuration.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/http_client_config.hpp"
#include "model/labels.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

struct StaticConfig {
  std::vector<std::string> targets;
  model::Labels labels;
  bool operator==(const StaticConfig&) const = default;
};

struct FileSdConfig {
  std::vector<std::string> files;  // patterns; a star only in the last element
  Duration refresh_interval = std::chrono::minutes(5);
  bool operator==(const FileSdConfig&) const = default;
};

struct HttpSdConfig {
  std::string url;
  Duration refresh_interval = std::chrono::minutes(1);
  HttpClientConfig http;
  bool operator==(const HttpSdConfig&) const = default;
};

struct DnsSdConfig {
  std::vector<std::string> names;
  std::string type = "SRV";  // SRV, A, AAAA, MX, NS
  int port = 0;              // of A, AAAA, MX, NS
  Duration refresh_interval = std::chrono::seconds(30);
  bool operator==(const DnsSdConfig&) const = default;
};

struct ConsulSdConfig {
  std::string server = "localhost:8500";
  std::string path_prefix;
  Secret token;
  std::string datacenter, namespace_, partition;
  std::string tag_separator = ",";
  std::string scheme = "http";
  std::string username;
  Secret password;
  std::string health_filter, filter;
  bool allow_stale = true;
  std::vector<std::string> services, tags;
  std::vector<std::pair<std::string, std::string>> node_meta;
  Duration refresh_interval = std::chrono::seconds(30);
  HttpClientConfig http;
  bool operator==(const ConsulSdConfig&) const = default;
};

struct DockerSdConfig {
  std::string host;  // "unix:///var/run/docker.sock", "tcp://...", "http(s)://..."
  int port = 80;     // of containers without published ports
  std::string host_networking_host = "localhost";
  std::vector<std::pair<std::string, std::vector<std::string>>> filters;
  bool match_first_network = true;
  Duration refresh_interval = std::chrono::minutes(1);
  HttpClientConfig http;
  bool operator==(const DockerSdConfig&) const = default;
};

struct KubernetesSdConfig {
  struct Selector {
    std::string role, label, field;
    bool operator==(const Selector&) const = default;
  };
  std::string api_server;       // "": the cluster that we run in
  std::string role;             // pod service endpoints endpointslice node ingress
  std::string kubeconfig_file;  // instead of api_server
  bool own_namespace = false;
  std::vector<std::string> namespaces;
  std::vector<Selector> selectors;
  bool attach_node = false, attach_namespace = false;
  bool attach_deployment = false, attach_job = false, attach_cronjob = false;  // of pods
  HttpClientConfig http;
  bool operator==(const KubernetesSdConfig&) const = default;
};

/// All that stands in one place, in the order of the file within each kind.
struct DiscoveryConfigs {
  std::vector<StaticConfig> statics;
  std::vector<FileSdConfig> files;
  std::vector<HttpSdConfig> https;
  std::vector<DnsSdConfig> dns;
  std::vector<ConsulSdConfig> consul;
  std::vector<DockerSdConfig> docker;
  std::vector<KubernetesSdConfig> kubernetes;
  bool operator==(const DiscoveryConfigs&) const = default;
};

/// Takes every *_sd_configs key: those that are built into `out`, the others into warnings (one each). Prometheus'
/// verdicts and words.
void read_discovery(yaml::Fields& fields, DiscoveryConfigs& out, std::vector<std::string>& warnings);

/// One per kind, in sd_<kind>.cpp.
Result<StaticConfig> read_static_config(const yaml::Node& node);
Result<FileSdConfig> read_file_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);
Result<HttpSdConfig> read_http_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);
Result<DnsSdConfig> read_dns_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);
Result<ConsulSdConfig> read_consul_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);
Result<DockerSdConfig> read_docker_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);
Result<KubernetesSdConfig> read_kubernetes_sd_config(const yaml::Node& node, std::vector<std::string>& warnings);

}  // namespace tocsin::config
