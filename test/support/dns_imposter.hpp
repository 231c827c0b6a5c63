#pragma once
// A real DNS server on loopback, by UDP and TCP, that answers by script and remembers what it was asked.
//
//   DnsImposter server;
//   server.when("db.example", dns::kA, {.records = {dns::a("10.0.0.1")}});
//   ... ask server.address() ...
//   CHECK(server.questions().at(0).by_tcp == false);

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/dns_message.hpp"

namespace tocsin::test {

/// Thread: the test's; it serves on its own. Names that are not scripted do not exist (NXDOMAIN). An answer over the
/// asker's UDP size is cut off, as real servers do.
class DnsImposter {
 public:
  struct Reply {
    int rcode = dns::kNoError;
    std::vector<dns::Record> records;
    bool silent = false;      // no answer at all
    std::string raw;          // if not empty: these bytes behind the question's id
    bool refuse_tcp = false;  // TCP connections end unanswered
  };

  DnsImposter();
  ~DnsImposter();
  DnsImposter(const DnsImposter&) = delete;
  DnsImposter& operator=(const DnsImposter&) = delete;

  std::uint16_t port() const { return port_; }
  /// "127.0.0.1:port".
  std::string address() const;
  /// The name without its final dot.
  void when(const std::string& name, std::uint16_t type, Reply reply);
  std::vector<dns::Question> questions() const;

 private:
  void serve();
  void serve_udp();
  void serve_tcp();
  Reply take(const dns::Question& question);

  int udp_ = -1, tcp_ = -1, wake_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // guards the two below
  std::map<std::pair<std::string, std::uint16_t>, Reply> replies_;
  std::vector<dns::Question> questions_;
  std::thread thread_;
};

}  // namespace tocsin::test
