// Any bytes as a DNS message of each type, and as a resolv.conf: nothing may crash, and records are whole.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/dns_client.hpp"
#include "net/resolv_conf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::net::DnsType;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const DnsType type : {DnsType::kA, DnsType::kAaaa, DnsType::kSrv, DnsType::kMx, DnsType::kNs}) {
    const auto answer = tocsin::net::parse_dns_answer(type, bytes);
    if (!answer) continue;
    for (const auto& record : answer->records) {
      if (record.address.empty() == record.target.empty()) std::abort();
      if (!record.target.empty() && !record.target.ends_with('.')) std::abort();
    }
  }
  const auto conf = tocsin::net::parse_resolv_conf(bytes);
  for (const auto& name : conf.names_for("db.example")) {
    if (!name.ends_with('.')) std::abort();
  }
  return 0;
}
