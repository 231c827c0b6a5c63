// The NFS server, from /proc/net/rpc/nfsd.

#include "exporters/node/collectors.hpp"
#include "exporters/node/rpc_stats.hpp"

namespace tocsin::exporters::node {
namespace {

/// In the order of the line proc4ops; those that node_exporter does not show have no name.
constexpr std::string_view kVersion4[] = {"",
                                          "",
                                          "",
                                          "Access",
                                          "Close",
                                          "Commit",
                                          "Create",
                                          "DelegPurge",
                                          "DelegReturn",
                                          "GetAttr",
                                          "GetFH",
                                          "Link",
                                          "Lock",
                                          "Lockt",
                                          "Locku",
                                          "Lookup",
                                          "LookupRoot",
                                          "Nverify",
                                          "Open",
                                          "OpenAttr",
                                          "OpenConfirm",
                                          "OpenDgrd",
                                          "PutFH",
                                          "",
                                          "",
                                          "Read",
                                          "ReadDir",
                                          "ReadLink",
                                          "Remove",
                                          "Rename",
                                          "Renew",
                                          "RestoreFH",
                                          "SaveFH",
                                          "SecInfo",
                                          "SetAttr",
                                          "SetClientID",
                                          "SetClientIDConfirm",
                                          "Verify",
                                          "Write",
                                          "RelLockOwner"};

constexpr std::size_t kWithoutNull = 1;

/// One number of one line.
struct Metric {
  std::string_view line;
  std::size_t place;
  std::string_view name, help;
  model::MetricType type = model::MetricType::kCounter;
};
constexpr Metric kMetrics[] = {
    {"rc", 0, "reply_cache_hits_total", "Total number of NFSd Reply Cache hits (client lost server response)."},
    {"rc", 1, "reply_cache_misses_total",
     "Total number of NFSd Reply Cache an operation that requires caching (idempotent)."},
    {"rc", 2, "reply_cache_nocache_total",
     "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…)."},
    {"fh", 0, "file_handles_stale_total", "Total number of NFSd stale file handles"},
    {"io", 0, "disk_bytes_read_total", "Total NFSd bytes read."},
    {"io", 1, "disk_bytes_written_total", "Total NFSd bytes written."},
    {"th", 0, "server_threads", "Total number of NFSd kernel threads that are running.", model::MetricType::kGauge},
    {"ra", 0, "read_ahead_cache_size_blocks", "How large the read ahead cache is in blocks.",
     model::MetricType::kGauge},
    {"ra", 11, "read_ahead_cache_not_found_total", "Total number of NFSd read ahead cache not found."},
    {"net", 3, "connections_total", "Total number of NFSd TCP connections."},
    {"rpc", 0, "server_rpcs_total", "Total number of NFSd RPCs."},
};

class Nfsd final : public Collector {
 public:
  explicit Nfsd(const NodeContext& context) : file_(context.fs, context.proc("net/rpc/nfsd")), stats_(file_.path()) {}
  std::string_view name() const override { return "nfsd"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, or_no_data(file_.read()));
    TOCSIN_OK(stats_.read(text));
    for (const Metric& metric : kMetrics) {
      page.family(fmt::format("node_nfsd_{}", metric.name), metric.help, metric.type)
          .put(stats_.at(metric.line, metric.place));
    }
    auto& packets =
        page.family("node_nfsd_packets_total", "Total NFSd network packets (sent+received) by protocol type.",
                    model::MetricType::kCounter);
    packets.put({{"proto", "udp"}}, stats_.at("net", 1));
    packets.put({{"proto", "tcp"}}, stats_.at("net", 2));
    auto& errors = page.family("node_nfsd_rpc_errors_total", "Total number of NFSd RPC errors by error type.",
                               model::MetricType::kCounter);
    errors.put({{"error", "fmt"}}, stats_.at("rpc", 2));
    errors.put({{"error", "auth"}}, stats_.at("rpc", 3));
    errors.put({{"error", "cInt"}}, stats_.at("rpc", 4));
    put_requests(page);
    return {};
  }

 private:
  void put_requests(expo::Page& page) {
    auto& requests = page.family("node_nfsd_requests_total", "Total number NFSd Requests by method and protocol.",
                                 model::MetricType::kCounter);
    stats_.put_methods(requests, "2", "proc2", nfs2_methods(), kWithoutNull);
    stats_.put_methods(requests, "3", "proc3", nfs3_methods(), kWithoutNull);
    stats_.put_methods(requests, "4", "proc4ops", kVersion4);
    requests.put({{"proto", "4"}, {"method", "WdelegGetattr"}}, stats_.at("wdeleg_getattr", 0));
  }

  SourceFile file_;
  RpcStats stats_;
};

}  // namespace

MadeCollector make_nfsd(const NodeContext& context) {
  return std::make_unique<Nfsd>(context);
}

}  // namespace tocsin::exporters::node
