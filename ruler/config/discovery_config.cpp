#include "config/discovery_config.hpp"

#include "base/strings.hpp"

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// Pairs of a label map; names must be valid.
Result<model::Labels> read_labels(const Node& node) {
  if (!node.is_map()) return node.wrong_type("model.LabelSet");
  model::LabelsBuilder labels;
  for (const Node::Entry& entry : node.entries()) {
    if (!model::is_valid_name(entry.key.text())) {
      return entry.key.error("{} is not a valid label name", go_quote(entry.key.text()));
    }
    TOCSIN_TRY(const std::string value, entry.value.as_string());
    if (!is_valid_utf8(value)) return entry.value.error("{} is not a valid label value", go_quote(value));
    labels.set(entry.key.text(), value);
  }
  return labels.build();
}

/// Kinds that Prometheus 3.14 has and this build has not.
constexpr std::string_view kUnbuilt[] = {
    "aws_sd_configs",       "azure_sd_configs",     "digitalocean_sd_configs", "dockerswarm_sd_configs",
    "ec2_sd_configs",       "ecs_sd_configs",       "elasticache_sd_configs",  "eureka_sd_configs",
    "gce_sd_configs",       "hetzner_sd_configs",   "ionos_sd_configs",        "kuma_sd_configs",
    "lightsail_sd_configs", "linode_sd_configs",    "marathon_sd_configs",     "msk_sd_configs",
    "nerve_sd_configs",     "nomad_sd_configs",     "oci_sd_configs",          "openstack_sd_configs",
    "outscale_sd_configs",  "ovhcloud_sd_configs",  "puppetdb_sd_configs",     "rds_sd_configs",
    "scaleway_sd_configs",  "serverset_sd_configs", "stackit_sd_configs",      "triton_sd_configs",
    "uyuni_sd_configs",     "vultr_sd_configs"};

std::unexpected<Error> null_element(const Node& node, std::string_view key) {
  return node.error("empty or null section in {}", key);
}

/// All elements of one kind.
template <typename Config>
void read_kind(Fields& fields, std::string_view key, std::vector<Config>& out,
               Result<Config> (*read)(const Node&, std::vector<std::string>&), std::vector<std::string>& warnings) {
  fields.each(key, [&](const Node& n) -> Result<void> {
    if (n.is_null()) return null_element(n, key);
    TOCSIN_TRY(Config config, read(n, warnings));
    out.push_back(std::move(config));
    return {};
  });
}

}  // namespace

Result<StaticConfig> read_static_config(const Node& node) {
  StaticConfig config;
  Fields fields(node, "targetgroup.Group");
  fields.read("targets", config.targets);
  fields.child("labels", [&](const Node& n) -> Result<void> {
    TOCSIN_TRY(config.labels, read_labels(n));
    return {};
  });
  TOCSIN_OK(fields.finish());
  return config;
}

void read_discovery(Fields& fields, DiscoveryConfigs& out, std::vector<std::string>& warnings) {
  fields.each("static_configs", [&](const Node& n) -> Result<void> {
    if (n.is_null()) return null_element(n, "static_configs");
    TOCSIN_TRY(StaticConfig config, read_static_config(n));
    out.statics.push_back(std::move(config));
    return {};
  });
  read_kind(fields, "file_sd_configs", out.files, read_file_sd_config, warnings);
  read_kind(fields, "http_sd_configs", out.https, read_http_sd_config, warnings);
  read_kind(fields, "dns_sd_configs", out.dns, read_dns_sd_config, warnings);
  read_kind(fields, "consul_sd_configs", out.consul, read_consul_sd_config, warnings);
  read_kind(fields, "docker_sd_configs", out.docker, read_docker_sd_config, warnings);
  read_kind(fields, "kubernetes_sd_configs", out.kubernetes, read_kubernetes_sd_config, warnings);
  for (const std::string_view key : kUnbuilt) {
    fields.each(key, [&](const Node& n) -> Result<void> {
      if (n.is_null()) return null_element(n, key);
      return {};
    });
    fields.unsupported({key}, warnings);
  }
}

}  // namespace tocsin::config
