#pragma once
// A Consul agent under virtual time: catalog and health with blocking queries. It shares no code with ruler/discovery.
//
//   FakeConsul consul(loop);
//   consul.put("web", R"({"Node": {"Node": "n1", "Address": "10.0.0.1"}, "Service": {"ID": "web-1", "Port": 80}})");
//
// Source of its behaviour: developer.hashicorp.com/consul/api-docs/features/blocking.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace tocsin::test {

/// Thread: the loop's, and the test's while the loop stands. All URLs begin with `base`.
class FakeConsul final : public net::HttpClient {
 public:
  explicit FakeConsul(net::TaskLoop& loop, std::string base = "http://consul:8500")
      : loop_(loop), base_(std::move(base)) {}

  /// Sets the instances of a service, each as /v1/health/service shows it, and its tags in the catalog.
  void put(const std::string& service, std::vector<std::string> instances, std::vector<std::string> tags = {});
  void remove(const std::string& service);
  /// As after the loss of all data: indexes begin anew.
  void reset_index(std::uint64_t index);
  /// Requests whose target holds `part` get this answer until accept().
  void refuse(std::string part, Result<net::HttpResponse> answer) {
    refusals_.insert_or_assign(part, std::move(answer));
  }
  void accept(const std::string& part) { refusals_.erase(part); }

  struct Sent {
    net::HttpRequest request;
    net::SendOptions options;
    Timestamp at = 0;
  };
  const std::vector<Sent>& sent() const { return sent_; }
  std::size_t count(std::string_view part) const;
  void forget_sent() { sent_.clear(); }
  std::size_t waiting() const { return waiting_; }

  net::Task<Result<net::HttpResponse>> send(net::HttpRequest request, net::SendOptions options) override;

 private:
  struct Service {
    std::vector<std::string> instances, tags;
    std::uint64_t index = 0;
  };
  std::optional<Result<net::HttpResponse>> refusal(const net::HttpRequest& request) const;
  std::string catalog() const;
  std::string health(const std::string& service, const std::vector<std::string>& tags) const;
  std::uint64_t index_of(const std::string& path) const;

  net::TaskLoop& loop_;
  const std::string base_;
  std::map<std::string, Service> services_;
  std::uint64_t index_ = 10;
  std::map<std::string, Result<net::HttpResponse>> refusals_;
  std::vector<Sent> sent_;
  std::size_t waiting_ = 0;
};

}  // namespace tocsin::test
