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

void Switches::read(yaml::Fields& fields) {
  fields.read("node", node)
      .read("all", all)
      .read("indices", indices)
      .read("shards", shards)
      .read("aliases", aliases)
      .read("indices_settings", indices_settings)
      .read("indices_mappings", indices_mappings)
      .read("cluster_info", cluster_info)
      .read("clustersettings", clustersettings)
      .read("snapshots", snapshots)
      .read("slm", slm)
      .read("ilm", ilm)
      .read("data_stream", data_stream)
      .read("tasks", tasks)
      .read("tasks_actions", tasks_actions)
      .read("health_report", health_report);
}

Result<TargetOptions> TargetOptions::read(const yaml::Node& node, const Switches& switches) {
  TargetOptions out;
  out.ask = switches;
  std::string uri = out.uri, server;
  yaml::Fields fields(node, "elasticsearch target");
  fields.read("uri", uri).read("server", server);
  out.ask.read(fields);
  TOCSIN_TRY(out.api_key, Credential::read(fields, "api_key"));
  std::vector<std::string> warnings;
  TOCSIN_OK(config::read_http_client_fields(fields, out.http, warnings));
  TOCSIN_OK(fields.finish());
  if (auto set = out.set_uri(uri); !set) return fields.node().error("uri: {}", set.error().message);
  if (!server.empty()) out.server = std::move(server);
  return out;
}

}  // namespace tocsin::exporters::elasticsearch
