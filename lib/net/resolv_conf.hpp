#pragma once
// /etc/resolv.conf, as far as those who ask DNS servers themselves need it. Source: resolv.conf(5); which names are
// tried in which order: github.com/miekg/dns clientconfig.go, which Prometheus uses.

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::net {

struct ResolvConf {
  std::vector<std::string> servers;  // addresses
  std::vector<std::string> search;   // domains
  int ndots = 1;                     // a name with fewer dots is tried in the domains first

  /// Fully qualified names to ask for, each with its final dot, in order.
  std::vector<std::string> names_for(const std::string& name) const;
};

/// Lines that make no sense are passed over.
ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace tocsin::net
