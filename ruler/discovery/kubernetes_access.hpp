#pragma once
// Where the API server is and how it is talked to: api_server, a kubeconfig file, or the cluster that we run in.

#include <string>

#include "base/fs.hpp"
#include "config/discovery_config.hpp"
#include "config/environment.hpp"

namespace tocsin::discovery::kubernetes {

struct Access {
  std::string server;             // "https://10.0.0.1:6443/prefix", without a slash at its end
  config::HttpClientConfig http;  // files among it are read again when they change
  std::string own_namespace;      // if it was asked for
};

/// What a pod finds around itself.
struct Place {
  config::Environment environment = config::process_environment();
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// Reads files: for a lane. Errors name the file, or what is missing.
/// Source: Prometheus discovery/kubernetes/kubernetes.go, New; client-go rest.InClusterConfig.
Result<Access> find_access(const config::KubernetesSdConfig& config, const Place& place, Fs& fs);

/// The current context of a kubeconfig file. Credentials that need a program (exec, auth-provider) are refused.
/// Source: kubernetes.io, "Organizing Cluster Access Using kubeconfig Files"; client-go tools/clientcmd/api/v1.
Result<Access> read_kubeconfig(const std::string& path, Fs& fs);

}  // namespace tocsin::discovery::kubernetes
