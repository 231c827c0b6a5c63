#pragma once
// Requests counted from an access log.

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "expo/writer.hpp"
#include "exporters/nginx/log_format.hpp"

namespace tocsin::exporters::nginx {

struct AccessOptions {
  std::vector<double> duration_buckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};  // seconds
  std::vector<double> size_buckets = {100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};           // bytes
  std::vector<std::string> hosts;  // that have a label of their own; empty: the first max_hosts
  std::uint64_t max_hosts = 100;
};

/// Thread: any. Labels are bounded: what clients choose (methods, hosts) becomes "other" beyond what is known.
class AccessStats {
 public:
  explicit AccessStats(AccessOptions options);
  void add(const LogEntry& entry);
  void add_bad_line();
  void put(expo::Page& page) const;

 private:
  struct Histogram {
    std::vector<std::uint64_t> counts;  // by bucket, not cumulative; the last is what lies above
    double sum = 0;
    std::uint64_t count = 0;
    void observe(const std::vector<double>& bounds, double value);
  };
  struct Host {
    std::map<std::pair<int, std::string_view>, std::uint64_t> requests;  // by status and method
    Histogram duration, upstream, response_bytes, request_bytes;
  };
  Host& host_of(std::string_view name);
  static void put_histogram(expo::CachedFamily& family, std::string_view host, const std::vector<double>& bounds,
                            const Histogram& histogram);

  AccessOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Host, std::less<>> hosts_;
  std::uint64_t lines_ = 0, bad_lines_ = 0;
};

}  // namespace tocsin::exporters::nginx
