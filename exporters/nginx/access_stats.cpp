#include "exporters/nginx/access_stats.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace tocsin::exporters::nginx {
namespace {

using Type = model::MetricType;
constexpr std::string_view kOther = "other";
constexpr std::size_t kMaxHostBytes = 253;  // of a name in DNS

/// The method as a label: one that is known, or "other".
std::string_view method_label(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",   "HEAD",   "POST",     "PUT",       "DELETE", "CONNECT", "OPTIONS",
                                           "TRACE", "PATCH",  "PROPFIND", "PROPPATCH", "MKCOL",  "COPY",    "MOVE",
                                           "LOCK",  "UNLOCK", "REPORT",   "SEARCH",    "PURGE"};
  const auto* const known = std::ranges::find(kMethods, method);
  if (known != std::ranges::end(kMethods)) return *known;
  return method.empty() ? std::string_view() : kOther;
}

/// The host without its port, in lower case; "" if it is none.
std::string host_label(std::string_view host) {
  if (host == "-" || host.size() > kMaxHostBytes + 6) return {};
  if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  return to_lower(host);
}

}  // namespace

AccessStats::AccessStats(AccessOptions options) : options_(std::move(options)) {
  std::ranges::sort(options_.duration_buckets);
  std::ranges::sort(options_.size_buckets);
  for (std::string& host : options_.hosts) host = to_lower(host);
}

void AccessStats::Histogram::observe(const std::vector<double>& bounds, double value) {
  counts.resize(bounds.size() + 1);
  const auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum += value;
  ++count;
}

AccessStats::Host& AccessStats::host_of(std::string_view name) {
  const std::string label = host_label(name);
  if (const auto found = hosts_.find(label); found != hosts_.end()) return found->second;
  const bool wanted = options_.hosts.empty() ? hosts_.size() < options_.max_hosts
                                             : std::ranges::find(options_.hosts, label) != options_.hosts.end();
  return hosts_[wanted || label.empty() ? label : std::string(kOther)];
}

void AccessStats::add(const LogEntry& entry) {
  const std::lock_guard lock(mutex_);
  ++lines_;
  Host& host = host_of(entry.host);
  ++host.requests[{entry.status, method_label(entry.method)}];
  if (entry.duration) host.duration.observe(options_.duration_buckets, *entry.duration);
  if (entry.upstream) host.upstream.observe(options_.duration_buckets, *entry.upstream);
  if (entry.response_bytes) host.response_bytes.observe(options_.size_buckets, *entry.response_bytes);
  if (entry.request_bytes) host.request_bytes.observe(options_.size_buckets, *entry.request_bytes);
}

void AccessStats::add_bad_line() {
  const std::lock_guard lock(mutex_);
  ++lines_;
  ++bad_lines_;
}

void AccessStats::put_histogram(expo::CachedFamily& family, std::string_view host, const std::vector<double>& bounds,
                                const Histogram& histogram) {
  if (histogram.count == 0) return;
  std::vector<expo::Bucket> buckets;
  double cumulative = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    cumulative += static_cast<double>(histogram.counts[i]);
    buckets.push_back({bounds[i], cumulative});
  }
  const model::LabelView label{"host", host};
  family.put_histogram({&label, 1}, buckets, histogram.sum, static_cast<double>(histogram.count));
}

void AccessStats::put(expo::Page& page) const {
  const std::lock_guard lock(mutex_);
  auto& requests = page.family("nginx_http_requests_total", "Total http requests", Type::kCounter);
  auto& duration = page.family("nginx_http_request_duration_seconds",
                               "Time from the first byte of a request to the last of its response, by the access log.",
                               Type::kHistogram);
  auto& upstream = page.family("nginx_http_upstream_time_seconds",
                               "Time that a request spent in its upstreams, by the access log.", Type::kHistogram);
  auto& response =
      page.family("nginx_http_response_size_bytes", "Size of responses, by the access log.", Type::kHistogram);
  auto& request =
      page.family("nginx_http_request_size_bytes", "Size of requests, by the access log.", Type::kHistogram);
  for (const auto& [name, host] : hosts_) {
    for (const auto& [key, count] : host.requests) {
      requests.put({{"host", name}, {"method", key.second}, {"status", std::to_string(key.first)}},
                   static_cast<double>(count));
    }
    put_histogram(duration, name, options_.duration_buckets, host.duration);
    put_histogram(upstream, name, options_.duration_buckets, host.upstream);
    put_histogram(response, name, options_.size_buckets, host.response_bytes);
    put_histogram(request, name, options_.size_buckets, host.request_bytes);
  }
  page.family("tocsin_nginx_access_log_lines_total", "Lines that were read of the access log.", Type::kCounter)
      .put(static_cast<double>(lines_));
  page.family("tocsin_nginx_access_log_bad_lines_total", "Lines that are not of the configured format.", Type::kCounter)
      .put(static_cast<double>(bad_lines_));
}

}  // namespace tocsin::exporters::nginx
