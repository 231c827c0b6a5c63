#pragma once
// An API server of Kubernetes under virtual time: lists in pages, watches that hold, bookmarks, history that is
// forgotten, connections that break. It shares no code with ruler/discovery.
//
//   FakeKubernetes cluster(loop);
//   cluster.put("/api/v1/pods", R"({"metadata": {"namespace": "default", "name": "web-1"}, ...})");
//   cluster.break_watches(R"({"type": "MODI)");   // the beginning of a line, then the end of the connection
//
// Source of its behaviour: kubernetes.io, "Kubernetes API concepts".

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace tocsin::test {

/// Thread: the loop's, and the test's while the loop stands. All URLs begin with `base`.
class FakeKubernetes final : public net::HttpClient {
 public:
  explicit FakeKubernetes(net::TaskLoop& loop, std::string base = "http://kube")
      : loop_(loop), base_(std::move(base)) {}

  /// Creates or replaces an object of a collection ("/api/v1/pods"); its resourceVersion is ours.
  void put(const std::string& collection, std::string_view object_json);
  /// "namespace/name" or "name".
  void remove(const std::string& collection, const std::string& key);

  /// Tells all watches where they are.
  void send_bookmarks();
  /// These bytes on all watches, whatever they are.
  void send_raw(std::string bytes);
  /// Ends the connections of all watches, behind these bytes.
  void break_watches(std::string last_bytes = "");
  /// Ends all watches as a server does when their time is over.
  void end_watches();
  /// What changed so far can be told no more: watches from before, and pages of lists from before, get 410.
  void forget_history() { oldest_ = version_ + 1; }
  /// As after a restart: the version begins elsewhere.
  void set_version(std::uint64_t version) { version_ = version; }

  /// Requests whose target holds `part` get this answer until accept(); a failure is a connection that fails.
  void refuse(std::string part, Result<net::HttpResponse> answer) {
    refusals_.insert_or_assign(part, std::move(answer));
  }
  void accept(const std::string& part) { refusals_.erase(part); }
  /// Splits what watches get into pieces of so many bytes.
  void set_piece_bytes(std::size_t bytes) { piece_bytes_ = bytes; }
  /// No list has more objects in a page, whatever the client says.
  void set_page_objects(std::size_t objects) { page_objects_ = objects; }

  struct Sent {
    net::HttpRequest request;
    net::SendOptions options;
    Timestamp at = 0;
  };
  const std::vector<Sent>& sent() const { return sent_; }
  /// How many requests have all of these parts in their targets.
  std::size_t count(std::initializer_list<std::string_view> parts) const;
  void forget_sent() { sent_.clear(); }
  std::size_t open_watches() const { return watches_.size(); }

  net::Task<Result<net::HttpResponse>> send(net::HttpRequest request, net::SendOptions options) override;
  net::Task<Result<net::HttpResponse>> stream(net::HttpRequest request, net::SendOptions options, Sink sink) override;

 private:
  struct Change {
    std::uint64_t version = 0;
    std::string collection, namespace_, key, type, object;
  };
  struct Watch {
    std::string collection, namespace_;
    std::string waiting;  // bytes to send
    bool ends = false, breaks = false;
  };
  struct Question;

  Question parse(const net::HttpRequest& request) const;
  net::HttpResponse list(const Question& question);
  void tell(const Change& change);
  std::optional<Result<net::HttpResponse>> refusal(const net::HttpRequest& request) const;

  net::TaskLoop& loop_;
  const std::string base_;
  std::map<std::string, std::map<std::string, std::string>> objects_;  // JSON by collection and key
  std::vector<Change> history_;
  std::uint64_t version_ = 100, oldest_ = 1;
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t last_watch_ = 0;
  std::map<std::string, Result<net::HttpResponse>> refusals_;
  std::size_t piece_bytes_ = 0, page_objects_ = 1000;
  std::vector<Sent> sent_;
};

}  // namespace tocsin::test
