#pragma once
// A mail server on loopback that follows a script: plain sockets, OpenSSL for STARTTLS. It shares no code with lib/net.
//
//   SmtpImposter server({.extensions = {"AUTH PLAIN LOGIN"}});
//   ... send ...
//   CHECK(server.wait_for_talk().said[0] == "EHLO here");

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/tls_imposter.hpp"

namespace tocsin::test {

struct SmtpScript {
  std::vector<std::string> extensions;         // lines of the answer to EHLO
  std::map<std::string, std::string> replies;  // by the first word of the command, or "greeting", "." (a mail's end);
                                               // "hang": never, "close": the end, else what is sent, with its line ends
  std::vector<std::string> challenges;         // of AUTH: "334 ...", one after the other, then 235
  const Identity* identity = nullptr;          // for STARTTLS and implicit TLS
  bool implicit_tls = false;
};

/// Thread: the test's; it serves on its own, one connection after the other.
class SmtpImposter {
 public:
  struct Talk {
    std::vector<std::string> said;  // commands, in order; what was said within TLS begins with "tls "
    std::string data;               // the mail as it stood on the wire, without the final dot
  };

  explicit SmtpImposter(SmtpScript script);
  ~SmtpImposter();
  SmtpImposter(const SmtpImposter&) = delete;
  SmtpImposter& operator=(const SmtpImposter&) = delete;
  std::uint16_t port() const { return port_; }
  /// Waits until the n-th connection, from 0, has ended; throws std::runtime_error after 10 s.
  Talk wait_for_talk(std::size_t n = 0) const;

 private:
  void accept();
  void serve(int fd);
  SmtpScript script_;
  int listener_ = -1;
  int open_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<Talk> talks_;
  std::thread thread_;
};

}  // namespace tocsin::test
