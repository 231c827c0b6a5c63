#include <algorithm>

#include "base/strings.hpp"
#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

/// Equal, or "*.example.com" for exactly one element more.
bool matches_host(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  const auto wanted = split(pattern, '.');
  const auto given = split(host, '.');
  if (wanted.front() != "*" || wanted.size() != given.size()) return false;
  return std::equal(wanted.begin() + 1, wanted.end(), given.begin() + 1);
}

}  // namespace

/// One target for each path of each rule; https for hosts that have a certificate.
TargetGroup make_ingress_group(const Object& object, const Attach& attach, const Related& related) {
  const auto& ingress = std::get<Ingress>(object.spec);
  TargetGroup group{source_of(Kind::kIngress, object.key()), {}, {}};
  LabelSet common;
  common.add(meta("namespace"), object.namespace_).add(meta("ingress_class_name"), ingress.class_name.value_or(""));
  add_object(common, object, "ingress");
  add_namespace(common, object, attach, related);
  group.labels = common.build();

  for (const IngressRule& rule : ingress.rules) {
    const bool tls = std::any_of(ingress.tls_hosts.begin(), ingress.tls_hosts.end(),
                                 [&](const std::string& pattern) { return matches_host(pattern, rule.host); });
    for (const std::string& path : rule.paths) {
      LabelSet target;
      target.add("__address__", rule.host).add(meta("ingress_scheme"), tls ? "https" : "http");
      target.add(meta("ingress_host"), rule.host).add(meta("ingress_path"), path);
      group.targets.push_back(target.build());
    }
  }
  return group;
}

}  // namespace tocsin::discovery::kubernetes
