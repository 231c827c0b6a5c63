#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/discovery_config.hpp"
#include "config/kubernetes_selector.hpp"

using namespace tocsin;
using config::KubernetesSdConfig;

namespace {

Result<KubernetesSdConfig> read(const std::string& text, std::vector<std::string>* warnings = nullptr) {
  std::vector<std::string> own;
  const auto node = yaml::parse(text, "p.yml");
  REQUIRE(node);
  return config::read_kubernetes_sd_config(*node, warnings != nullptr ? *warnings : own);
}

std::string refusal(const std::string& text) {
  const auto config = read(text);
  return config ? "accepted" : config.error().message;
}

struct Case {
  std::string text, message;
};

}  // namespace

TEST_CASE("a kubernetes_sd_config with all of its own keys is read") {
  const auto config = read(R"(
role: endpointslice
api_server: https://10.0.0.1:6443
namespaces: {names: [a, b]}
attach_metadata: {node: true, namespace: true, deployment: true, job: true, cronjob: true}
selectors:
  - {role: endpointslice, label: 'app in (web,api),!canary', field: metadata.name=x}
  - {role: pod, field: 'status.phase!=Failed,spec.nodeName==n1'}
)");
  REQUIRE(config);
  CHECK(config->role == "endpointslice");
  CHECK(config->api_server == "https://10.0.0.1:6443");
  CHECK(config->namespaces == std::vector<std::string>{"a", "b"});
  CHECK((config->attach_node && config->attach_namespace));
  CHECK((config->attach_deployment && config->attach_job && config->attach_cronjob));
  REQUIRE(config->selectors.size() == 2);
  CHECK(config->selectors[0] ==
        KubernetesSdConfig::Selector{"endpointslice", "app in (web,api),!canary", "metadata.name=x"});
}

TEST_CASE("a kubernetes_sd_config without a server is the cluster that we run in, and may ask for its own namespace") {
  const auto config = read("role: pod\nnamespaces: {own_namespace: true}\n");
  REQUIRE(config);
  CHECK(config->own_namespace);
  CHECK(config->api_server.empty());
}

TEST_CASE("kubernetes_sd_configs that Prometheus refuses are refused in its words") {
  const std::string server = "api_server: http://a\n";
  const std::vector<Case> cases = {
      {"api_server: http://a\n",
       "p.yml:1:1: role missing (one of: pod, service, endpoints, endpointslice, node, ingress)"},
      {"role: pods\n", "p.yml:1:7: unknown Kubernetes SD role \"pods\""},
      {"role: pod\nnamespaces: {foo: bar}\n", "field foo not found in type kubernetes.plain"},
      {"role: pod\nattach_metadata: {pod: true}\n", "field pod not found in type kubernetes.AttachMetadataConfig"},
      {"role: pod\nfoo: 1\n", "field foo not found in type kubernetes.plain"},
      {"role: pod\nbasic_auth: {username: u}\n",
       "to use custom HTTP client configuration please provide the 'api_server' URL explicitly"},
      {"role: pod\nfollow_redirects: false\n",
       "to use custom HTTP client configuration please provide the 'api_server' URL explicitly"},
      {"role: pod\nkubeconfig_file: k\nbasic_auth: {username: u}\n",
       "cannot use a custom HTTP client configuration together with 'kubeconfig_file'"},
      {"role: pod\nkubeconfig_file: k\n" + server, "cannot use 'kubeconfig_file' and 'api_server' simultaneously"},
      {"role: pod\nnamespaces: {own_namespace: true}\n" + server,
       "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously"},
      {"role: pod\nkubeconfig_file: k\nnamespaces: {own_namespace: true}\n",
       "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously"},
      {"role: pod\nselectors: [{role: pod}, {role: pod}]\n", "p.yml:2:26: duplicated selector role: pod"},
      {"role: pod\nselectors: [{role: service}]\n", "pod role supports only pod, node selectors"},
      {"role: service\nselectors: [{role: pod}]\n", "service role supports only service selectors"},
      {"role: node\nselectors: [{label: a=b}]\n", "node role supports only node selectors"},
      {"role: ingress\nselectors: [{role: node}]\n", "ingress role supports only ingress selectors"},
      {"role: endpoints\nselectors: [{role: endpointslice}]\n",
       "endpoints role supports only pod, service, endpoints selectors"},
      {"role: endpointslice\nselectors: [{role: endpoints}]\n",
       "endpointslice role supports only pod, service, endpointslice selectors"},
      {"role: pod\nselectors: [{role: foo}]\n", "unknown Kubernetes SD role \"foo\""},
      {"role: pod\nselectors: [{role: pod, field: a-b}]\n", "invalid selector: 'a-b'; can't understand 'a-b'"},
      {"role: pod\nselectors: [{role: pod, label: 'a in'}]\n", "unable to parse requirement: found '' expected: '('"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("label selectors that Kubernetes takes are taken") {
  for (const char* text :
       {"", "a", "!a", "a=b", "a==b", "a!=b", "a=", "a,b=c", "x in (foo,,baz),y,z notin ()", "a in (in,notin)",
        "in in (x)", "example.com/Name=v-1.2_3", "n>1", "n<20", " a = b , ! c ", "a in (,x)", "a in (x,)"}) {
    INFO(text);
    CHECK(config::check_label_selector(text));
  }
}

TEST_CASE("label selectors that Kubernetes refuses are refused in its words") {
  const std::vector<Case> cases = {
      {"a=b,", "found '', expected: identifier after ','"},
      {"a=b c", "found 'c', expected: ',' or 'end of string'"},
      {"=b", "found '=', expected: !, identifier, or 'end of string'"},
      {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"a in x", "unable to parse requirement: found 'x' expected: '('"},
      {"a in (x", "unable to parse requirement: found '', expected: ',' or ')'"},
      {"a in (x y)", "unable to parse requirement: found 'y', expected: ',' or ')'"},
      {"a=(", "unable to parse requirement: found '(', expected: identifier"},
      {"!", "unable to parse requirement: found '', expected: identifier"},
      {"-a=b", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric"},
      {"a/b/c=d", "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a qualified name must consist of"},
      {"/a=b", "<nil>: Invalid value: \"/a\": prefix part must be non-empty"},
      {"A_/a=b", "<nil>: Invalid value: \"A_/a\": prefix part a lowercase RFC 1123 subdomain must consist of"},
      {std::string(64, 'a') + "=b", "name part must be no more than 63 bytes"},
      {"a=" + std::string(64, 'b'), "must be no more than 63 bytes"},
      {"a=-b",
       "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string"},
      {"a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto checked = config::check_label_selector(c.text);
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().message, Catch::Contains(c.message));
  }
}

TEST_CASE("field selectors need one operator in each part") {
  for (const char* text : {"", ",", "a=b", "a==b", "a!=b,c=d", "metadata.name="}) {
    INFO(text);
    CHECK(config::check_field_selector(text));
  }
  for (const char* text : {"a", "a=b=c", "a=b,c"}) {
    INFO(text);
    CHECK_FALSE(config::check_field_selector(text));
  }
}
