#pragma once
// Probe paths: a server that the request names, asked once.

#include <memory>

#include "exporters/collector/source.hpp"
#include "net/http.hpp"

namespace tocsin::agent {

/// Thread: the loop's.
class Prober {
 public:
  /// @param max_probes  parallel ones, those included whose answer is still due although nobody waits; 0: no limit.
  Prober(net::TaskLoop& loop, std::size_t max_probes) : loop_(loop), max_probes_(max_probes) {}

  /// What the target puts. 400 for parameters that the source refuses, 503 beyond the limit, 504 if there is no answer
  /// in time, 500 if it fails without having put anything.
  net::Task<net::HttpResponse> probe(std::shared_ptr<exporters::Source> source, net::HttpRequest request);
  std::size_t running() const { return *running_; }

 private:
  struct Call;
  static net::Task<void> run(net::TaskLoop* loop, std::shared_ptr<Call> call);
  net::TaskLoop& loop_;
  std::size_t max_probes_;
  std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
};

}  // namespace tocsin::agent
