#include "exporters/elasticsearch/options.hpp"

#include <algorithm>

#include "net/url.hpp"

namespace tocsin::exporters::elasticsearch {

Result<void> TargetOptions::set_uri(std::string_view text) {
  TOCSIN_TRY(const net::Url url, net::parse_url(text));
  std::string target = url.target;
  target.resize(std::min(target.find('?'), target.size()));
  while (target.ends_with('/')) target.pop_back();
  uri = fmt::format("{}://{}{}", url.tls ? "https" : "http", url.host_field, target);
  authorization = Secret(url.authorization);
  server = url.address();
  return {};
}

Result<TargetOptions> TargetOptions::read(const yaml::Node& node) {
  TargetOptions out;
  std::string uri = out.uri, server;
  yaml::Fields fields(node, "elasticsearch target");
  fields.read("uri", uri)
      .read("server", server)
      .read("node", out.node)
      .read("all", out.all)
      .read("indices", out.indices)
      .read("shards", out.shards)
      .read("aliases", out.aliases)
      .read("indices_settings", out.indices_settings)
      .read("indices_mappings", out.indices_mappings)
      .read("cluster_info", out.cluster_info)
      .read("clustersettings", out.clustersettings)
      .read("snapshots", out.snapshots)
      .read("slm", out.slm)
      .read("ilm", out.ilm)
      .read("data_stream", out.data_stream)
      .read("tasks", out.tasks)
      .read("tasks_actions", out.tasks_actions)
      .read("health_report", out.health_report);
  TOCSIN_TRY(out.api_key, Credential::read(fields, "api_key"));
  std::vector<std::string> warnings;
  TOCSIN_OK(config::read_http_client_fields(fields, out.http, warnings));
  TOCSIN_OK(fields.finish());
  if (auto set = out.set_uri(uri); !set) return fields.node().error("uri: {}", set.error().message);
  if (!server.empty()) out.server = std::move(server);
  return out;
}

}  // namespace tocsin::exporters::elasticsearch
