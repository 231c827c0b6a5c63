#pragma once
// DNS questions to one server: records that getaddrinfo() does not give. c-ares is behind it, in dns_client.cpp and
// dns_answer.cpp.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/task.hpp"

namespace tocsin::net {

enum class DnsType : std::uint8_t { kA, kAaaa, kSrv, kMx, kNs };

/// A record of the type that was asked for.
struct DnsRecord {
  std::string address;     // A, AAAA
  std::string target;      // SRV, MX, NS; with its final dot
  std::uint16_t port = 0;  // SRV
  bool operator==(const DnsRecord&) const = default;
};

struct DnsAnswer {
  bool exists = true;  // false: NXDOMAIN
  std::vector<DnsRecord> records;
};

class DnsClient {
 public:
  virtual ~DnsClient() = default;
  /// Asks by UDP (EDNS0, 4096 bytes), and again by TCP if the answer was cut. One try: who wants more asks again.
  /// @param server  "address:port", "[address]:port".
  /// @param name    fully qualified, with or without its final dot.
  /// @return  kTimeout at the deadline, kInvalid for a name or server that is none, kIo for the rest: nobody there, a
  ///          malformed answer, SERVFAIL, REFUSED, ...
  /// Thread: the loop's. The task may outlive the client.
  virtual Task<Result<DnsAnswer>> ask(std::string server, std::string name, DnsType type, MonoTime deadline) = 0;
};

std::unique_ptr<DnsClient> make_dns_client(TaskLoop& loop);

/// The records of a message with NOERROR, in its order; those of other types are left out. kIo if it is malformed.
Result<DnsAnswer> parse_dns_answer(DnsType type, std::string_view message);

}  // namespace tocsin::net
