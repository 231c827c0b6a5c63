#pragma once
// A plain TCP client for tests that say exactly which bytes go out, and a blocking HTTP request on top.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::test {

/// One end of a TCP connection. Every blocking call throws std::runtime_error after 10 s. Thread: one.
class RawSocket {
 public:
  /// Connects to 127.0.0.1.
  explicit RawSocket(std::uint16_t port);
  struct Accepted {
    int fd;
  };
  /// Takes over an accepted socket.
  explicit RawSocket(Accepted accepted) : fd_(accepted.fd) {}
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  /// False if the peer has closed.
  bool send(std::string_view bytes);
  /// Ends our direction.
  void shutdown_send();
  /// Closes with a reset instead of an end.
  void reset();

  /// What has come by now, without waiting; appended to received() too.
  std::string read_available();
  /// Waits until `marker` has come; all up to its end. Later bytes stay for the next call.
  std::string read_until(std::string_view marker);
  std::string read_exactly(std::size_t bytes);
  /// Waits for the peer's end; all that came. A reset counts as an end.
  std::string read_to_end();
  /// The peer has closed or reset, as far as was read.
  bool at_end() const { return at_end_; }
  bool was_reset() const { return was_reset_; }
  /// All bytes that were read and not returned by read_until() and read_exactly() yet.
  const std::string& pending() const { return pending_; }

 private:
  bool read_more(int timeout_ms);
  int fd_ = -1;
  std::string pending_;
  bool at_end_ = false;
  bool was_reset_ = false;
};

/// A listening socket on a free port of 127.0.0.1; the caller closes it.
int listen_on_loopback(std::uint16_t& port);

/// A message as it stood on the wire.
struct RawMessage {
  std::string head;                            // start line and fields
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // by Content-Length or chunks, not decompressed
};
struct RawResponse : RawMessage {
  int status = 0;
};
struct RawRequest : RawMessage {
  std::string method, target;
};

/// Reads one response; `to_head` if it answers a HEAD request. Throws if it is none.
RawResponse read_response(RawSocket& socket, bool to_head = false);

/// Reads one request. Throws if it is none.
RawRequest read_request(RawSocket& socket);

/// One request on a connection of its own ("Connection: close" unless the fields say otherwise).
RawResponse http_request(std::uint16_t port, std::string_view method, std::string_view target,
                         const std::vector<std::pair<std::string, std::string>>& fields = {},
                         std::string_view body = {});
inline RawResponse http_get(std::uint16_t port, std::string_view target,
                            const std::vector<std::pair<std::string, std::string>>& fields = {}) {
  return http_request(port, "GET", target, fields);
}

}  // namespace tocsin::test
