#include "discovery/kubernetes_access.hpp"

#include "base/base64.hpp"
#include "base/strings.hpp"
#include "discovery/label_set.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

constexpr std::size_t kMaxTokenBytes = 1U << 20U;

/// Without a scheme it is what client-go takes: https if there is anything about TLS.
std::string server_url(std::string text, bool has_tls) {
  if (text.find("://") == std::string::npos) text = (has_tls ? "https://" : "http://") + text;
  while (text.ends_with('/')) text.pop_back();
  return text;
}

Result<Access> in_cluster(const config::KubernetesSdConfig& config, const Place& place, Fs& fs) {
  const std::string host = place.environment("KUBERNETES_SERVICE_HOST");
  const std::string port = place.environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(Errc::kUnavailable,
                "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be "
                "defined");
  }
  Access access;
  access.server = "https://" + join_host_port(host, port);
  access.http.authorization_credentials_file = place.service_account + "/token";
  access.http.has_authorization = true;
  TOCSIN_TRY(const std::string token, fs.read_file(access.http.authorization_credentials_file, kMaxTokenBytes));
  if (trim(token).empty()) {
    return fail(Errc::kUnavailable, "{} is empty", access.http.authorization_credentials_file);
  }
  if (const std::string ca = place.service_account + "/ca.crt"; fs.exists(ca)) access.http.tls.ca_file = ca;
  if (!config.own_namespace) return access;
  auto own = fs.read_file(place.service_account + "/namespace", kMaxTokenBytes);
  if (!own) return fail(std::move(own).error().wrap("could not determine the pod's namespace"));
  if (own->empty()) return fail(Errc::kUnavailable, "could not read own namespace name (empty file)");
  access.own_namespace = *own;
  return access;
}

}  // namespace

Result<Access> find_access(const config::KubernetesSdConfig& config, const Place& place, Fs& fs) {
  if (!config.kubeconfig_file.empty()) return read_kubeconfig(config.kubeconfig_file, fs);
  if (config.api_server.empty()) return in_cluster(config, place, fs);
  return Access{server_url(config.api_server, false), config.http, ""};
}

namespace {

using yaml::Node;

std::string text_of(const Node& map, std::string_view key) {
  return map[key].as_string().value_or("");
}

Result<std::string> decode_base64(const Node& node) {
  auto bytes = base64_decode(node.text());
  if (!bytes) return node.error("illegal base64 data at input byte {}", bytes.error());
  return std::move(*bytes);
}

/// A text under `<key>-data`, or a file under `<key>`; what stands as data wins.
Result<void> read_data_or_file(const Node& map, const std::string& key, std::string& data, std::string& file) {
  const Node inline_data = map[key + "-data"];
  if (!inline_data.is_null() && !inline_data.text().empty()) {
    TOCSIN_TRY(data, decode_base64(inline_data));
    return {};
  }
  file = text_of(map, key);
  if (!file.empty()) file = map.beside(file);
  return {};
}

/// The element of the list with this name.
Result<Node> find_named(const Node& root, std::string_view list, std::string_view member, const std::string& name) {
  for (const Node& element : root[list].elements()) {
    if (text_of(element, "name") == name) return element[member];
  }
  return root.error("{} {} does not exist", member, go_quote(name));
}

Result<void> read_cluster(const Node& cluster, Access& out) {
  if (text_of(cluster, "server").empty()) return cluster.error("the cluster has no server");
  config::TlsConfig& tls = out.http.tls;
  TOCSIN_OK(read_data_or_file(cluster, "certificate-authority", tls.ca, tls.ca_file));
  tls.insecure_skip_verify = cluster["insecure-skip-tls-verify"].as_bool().value_or(false);
  if (tls.insecure_skip_verify && !(tls.ca.empty() && tls.ca_file.empty())) {
    return cluster.error("specifying a root certificates file with the insecure flag is not allowed");
  }
  tls.server_name = text_of(cluster, "tls-server-name");
  out.http.proxy.proxy_url = Secret(text_of(cluster, "proxy-url"));
  const bool has_tls = tls.insecure_skip_verify || !tls.ca.empty() || !tls.ca_file.empty();
  out.server = server_url(text_of(cluster, "server"), has_tls);
  return {};
}

Result<void> read_user(const Node& user, Access& out) {
  for (const char* key : {"exec", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"}) {
    if (!user[key].is_null()) {
      return user[key].error(
          "{} of a kubeconfig user is not supported: use a token, a token file or a client "
          "certificate",
          go_quote(key));
    }
  }
  config::HttpClientConfig& http = out.http;
  std::string key;
  TOCSIN_OK(read_data_or_file(user, "client-certificate", http.tls.cert, http.tls.cert_file));
  TOCSIN_OK(read_data_or_file(user, "client-key", key, http.tls.key_file));
  http.tls.key = Secret(std::move(key));
  if (const std::string file = text_of(user, "tokenFile"); !file.empty()) {
    http.authorization_credentials_file = user.beside(file);
  } else {
    http.authorization_credentials = Secret(text_of(user, "token"));
  }
  http.has_authorization = !http.authorization_credentials_file.empty() || !http.authorization_credentials.empty();
  if (http.has_authorization || text_of(user, "username").empty()) return {};
  http.has_basic_auth = true;
  http.username = text_of(user, "username");
  http.password = Secret(text_of(user, "password"));
  return {};
}

}  // namespace

Result<Access> read_kubeconfig(const std::string& path, Fs& fs) {
  TOCSIN_TRY(std::string text, fs.read_file(path));
  TOCSIN_TRY(const Node root, yaml::parse(std::move(text), path));
  if (!root.is_map()) return root.error("a kubeconfig is a map");
  const std::string current = text_of(root, "current-context");
  if (current.empty()) return root.error("current-context is not set");
  TOCSIN_TRY(const Node context, find_named(root, "contexts", "context", current));
  TOCSIN_TRY(const Node cluster, find_named(root, "clusters", "cluster", text_of(context, "cluster")));
  Access access;
  TOCSIN_OK(read_cluster(cluster, access));
  if (const std::string name = text_of(context, "user"); !name.empty()) {
    TOCSIN_TRY(const Node user, find_named(root, "users", "user", name));
    TOCSIN_OK(read_user(user, access));
  }
  return access;
}

}  // namespace tocsin::discovery::kubernetes
