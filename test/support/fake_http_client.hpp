#pragma once
// An HttpClient without sockets: answers by script, remembers what was sent.
//
//   FakeHttpClient client(loop);
//   client.when("POST", "http://hooks/*", HttpResponse(200, "ok"));
//   client.when("GET", "http://db/metrics", fail(Errc::kIo, "dial tcp 10.0.0.1:80: connect: connection refused"));

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace tocsin::test {

/// Thread: the loop's, and the test's while the loop stands.
class FakeHttpClient final : public net::HttpClient {
 public:
  using Answer = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;
  struct Sent {
    net::HttpRequest request;
    net::SendOptions options;
    Timestamp at = 0;
  };

  explicit FakeHttpClient(Loop& loop) : loop_(loop) {}

  /// Answers requests of this method ("" is any) to this URL; a URL that ends in '*' is a prefix. The latest match
  /// counts. A request that nothing matches fails as a name that does not exist.
  void when(std::string_view method, std::string_view url, Answer answer);
  void when(std::string_view method, std::string_view url, Result<net::HttpResponse> answer);
  /// Gives these answers in turn, then the last for ever.
  void when_in_turn(std::string_view method, std::string_view url, std::vector<Result<net::HttpResponse>> answers);
  /// Every answer takes this long; beyond the caller's timeout it is kTimeout "context deadline exceeded".
  void set_delay(Duration delay) { delay_ = delay; }

  net::Task<Result<net::HttpResponse>> send(net::HttpRequest request, net::SendOptions options) override;

  /// In the order of sending.
  const std::vector<Sent>& sent() const { return sent_; }
  void forget() { sent_.clear(); }
  /// Requests that are sent and not answered yet.
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Rule {
    std::string method, url;
    Answer answer;
  };
  Result<net::HttpResponse> answer(const net::HttpRequest& request) const;

  Loop& loop_;
  std::vector<Rule> rules_;
  Duration delay_{0};
  std::vector<Sent> sent_;
  std::size_t in_flight_ = 0;
};

}  // namespace tocsin::test
