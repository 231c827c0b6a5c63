#pragma once
// Groups of targets from objects of the Kubernetes API: one group for each object of the role, joined with the objects
// that it names. Pure functions. Source: Prometheus discovery/kubernetes/{pod,service,endpoints,endpointslice,node,
// ingress}.go (3.14); the labels are those of docs/configuration, <kubernetes_sd_config>.

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "discovery/discoverer.hpp"
#include "discovery/kubernetes_object.hpp"

namespace tocsin::discovery::kubernetes {

/// attach_metadata: of what else the labels tell.
struct Attach {
  bool node = false, namespace_ = false;
  bool deployment = false, job = false, cronjob = false;  // of pods
};

/// Finds an object by Object::key(); nullptr if it is not known.
using Find = std::function<ObjectPtr(Kind kind, const std::string& key)>;

/// Calls `visit` with each object (key and kind) that the group of `object` may tell of, whether it exists or not.
void visit_references(const Object& object, const Attach& attach, const Find& find,
                      const std::function<void(Kind kind, const std::string& key)>& visit);

/// The objects that one group tells of, so that it can be made on another thread.
class Related {
 public:
  Related() = default;
  Related(const Object& object, const Attach& attach, const Find& find);
  /// nullptr if it does not exist. Views die with this object.
  const Object* find(Kind kind, const std::string& key) const;

 private:
  std::unordered_map<std::string, ObjectPtr> objects_[static_cast<int>(Kind::kJob) + 1];
};

/// "pod/default/web-1": unique among the groups of a role.
std::string source_of(Kind kind, std::string_view key);

/// The group of an object of a role. Without targets if it has none (yet).
TargetGroup make_group(const Object& object, const Attach& attach, const Related& related);

}  // namespace tocsin::discovery::kubernetes
