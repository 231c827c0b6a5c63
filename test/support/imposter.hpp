#pragma once
// A real HTTP server on loopback that answers by script and remembers what it was asked. It shares no code with
// lib/net.
//
//   Imposter slack;
//   slack.when("POST", "/hook", Imposter::answer(200, "ok"));
//   ... send to slack.url("/hook") ...
//   CHECK(slack.wait_for_requests(1).at(0).body == "...");

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/raw_socket.hpp"

namespace tocsin::test {

/// Thread: the test's; it serves on its own.
class Imposter {
 public:
  struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    std::chrono::milliseconds delay{0};
    bool close_after = false;  // without saying so in the answer
    bool close_unanswered = false;
    std::string raw;  // if not empty: these bytes in place of an answer, then the end
  };
  static Reply answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> fields = {});
  static Reply late(std::chrono::milliseconds delay, Reply reply);
  static Reply never();             // hangs until the imposter goes
  static Reply close_unanswered();  // ends the connection after the request
  static Reply raw(std::string bytes);
  static Reply answer_and_close(int status, std::string body);  // a keep-alive answer, then the end all the same

  struct Request : RawRequest {
    std::size_t connection = 0;  // the how-manieth connection it came by, from 0
  };

  Imposter();
  ~Imposter();
  Imposter(const Imposter&) = delete;
  Imposter& operator=(const Imposter&) = delete;

  std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:port" and the path.
  std::string url(std::string_view path) const;

  /// Answers requests of this method ("" is any) whose target is `target`, or begins with it if that ends in '*'. The
  /// latest match counts. Several replies: in turn, the last for ever. Without a match: 404.
  void when(std::string_view method, std::string_view target, Reply reply);
  void when_in_turn(std::string_view method, std::string_view target, std::vector<Reply> replies);

  /// In the order of their coming.
  std::vector<Request> requests() const;
  /// Waits until so many have come; throws std::runtime_error after 10 s.
  std::vector<Request> wait_for_requests(std::size_t count) const;
  void forget_requests();
  std::size_t connections() const;
  /// Waits until no connection is open; throws std::runtime_error after 10 s.
  void wait_until_closed() const;
  /// Ends all connections; new ones are served.
  void drop_connections();

 private:
  struct Rule {
    std::string method, target;
    std::vector<Reply> replies;
    std::size_t next = 0;
  };
  void accept();
  void serve(int fd, std::size_t connection);
  bool reply(RawSocket& socket, const Request& request);
  Reply find_reply(const Request& request);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;

  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<Rule> rules_;
  std::vector<Request> requests_;
  std::vector<int> open_;  // -1 once closed, by connection
  std::vector<std::thread> servers_;
};

}  // namespace tocsin::test
