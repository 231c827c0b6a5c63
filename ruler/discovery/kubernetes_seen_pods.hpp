#pragma once
// The pods behind the addresses of endpoints: what a target has from its pod, and the ports of pods that no address
// told of. Shared by endpoints and endpoint slices; private to this module.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {

/// Thread: one. The references outlive it.
class SeenPods {
 public:
  SeenPods(const Attach& attach, const Related& related) : attach_(attach), related_(related) {}

  /// Adds what is known of the pod and of its container that has the port.
  /// @param port      of the address; nullptr if it has none.
  /// @param protocol  of the address, for endpoints; nullptr: the container's own is told.
  void add(LabelSet& target, const std::optional<ObjectRef>& ref, const std::int64_t* port,
           const std::string* protocol);
  /// A target for each port of a container that add() was not called for, for pods it was called for.
  void add_other_ports(TargetGroup& group) const;

 private:
  struct Seen {
    const Object* pod = nullptr;
    std::set<std::int64_t> ports;
  };
  const Attach& attach_;
  const Related& related_;
  std::map<std::string, Seen> pods_;
};

}  // namespace tocsin::discovery::kubernetes
