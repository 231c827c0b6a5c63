// Any bytes as an answer of Consul: no crash; every instance that is taken is a target with an address.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "discovery/consul_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::discovery::consul;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto datacenter = parse_datacenter(body); datacenter && datacenter->empty()) std::abort();
  const auto services = parse_services(body);
  const auto group = parse_service({"web", "dc1", ","}, body);
  if (services && group && !group->targets.empty()) std::abort();  // an object is no array
  if (group) {
    for (const auto& target : group->targets) {
      if (!target.has("__address__")) std::abort();
    }
  }
  return 0;
}
