// The NFS client, from /proc/net/rpc/nfs.

#include "exporters/node/collectors.hpp"
#include "exporters/node/rpc_stats.hpp"

namespace tocsin::exporters::node {
namespace {

/// In the order of the line proc4: the client's operations of NFS 4.0 to 4.2; older kernels have fewer.
constexpr std::string_view kVersion4[] = {"Null",
                                          "Read",
                                          "Write",
                                          "Commit",
                                          "Open",
                                          "OpenConfirm",
                                          "OpenNoattr",
                                          "OpenDowngrade",
                                          "Close",
                                          "Setattr",
                                          "FsInfo",
                                          "Renew",
                                          "SetClientID",
                                          "SetClientIDConfirm",
                                          "Lock",
                                          "Lockt",
                                          "Locku",
                                          "Access",
                                          "Getattr",
                                          "Lookup",
                                          "LookupRoot",
                                          "Remove",
                                          "Rename",
                                          "Link",
                                          "Symlink",
                                          "Create",
                                          "Pathconf",
                                          "StatFs",
                                          "ReadLink",
                                          "ReadDir",
                                          "ServerCaps",
                                          "DelegReturn",
                                          "GetACL",
                                          "SetACL",
                                          "FsLocations",
                                          "ReleaseLockowner",
                                          "Secinfo",
                                          "FsidPresent",
                                          "ExchangeID",
                                          "CreateSession",
                                          "DestroySession",
                                          "Sequence",
                                          "GetLeaseTime",
                                          "ReclaimComplete",
                                          "GetDeviceInfo",
                                          "LayoutGet",
                                          "LayoutCommit",
                                          "LayoutReturn",
                                          "SecinfoNoName",
                                          "TestStateID",
                                          "FreeStateID",
                                          "GetDeviceList",
                                          "BindConnToSession",
                                          "DestroyClientID",
                                          "Seek",
                                          "Allocate",
                                          "DeAllocate",
                                          "LayoutStats",
                                          "Clone"};

class Nfs final : public Collector {
 public:
  explicit Nfs(const NodeContext& context) : file_(context.fs, context.proc("net/rpc/nfs")), stats_(file_.path()) {}
  std::string_view name() const override { return "nfs"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, or_no_data(file_.read()));
    TOCSIN_OK(stats_.read(text));
    auto& packets = family(page, "packets", "Total NFSd network packets (sent+received) by protocol type.");
    packets.put({{"protocol", "udp"}}, stats_.at("net", 1));
    packets.put({{"protocol", "tcp"}}, stats_.at("net", 2));
    family(page, "connections", "Total number of NFSd TCP connections.").put(stats_.at("net", 3));
    family(page, "rpcs", "Total number of RPCs performed.").put(stats_.at("rpc", 0));
    family(page, "rpc_retransmissions", "Number of RPC transmissions performed.").put(stats_.at("rpc", 1));
    family(page, "rpc_authentication_refreshes", "Number of RPC authentication refreshes performed.")
        .put(stats_.at("rpc", 2));
    auto& requests = family(page, "requests", "Number of NFS procedures invoked.");
    stats_.put_methods(requests, "2", "proc2", nfs2_methods());
    stats_.put_methods(requests, "3", "proc3", nfs3_methods());
    stats_.put_methods(requests, "4", "proc4", kVersion4);
    return {};
  }

 private:
  static expo::CachedFamily& family(expo::Page& page, std::string_view name, std::string_view help) {
    return page.family(fmt::format("node_nfs_{}_total", name), help, model::MetricType::kCounter);
  }

  SourceFile file_;
  RpcStats stats_;
};

}  // namespace

MadeCollector make_nfs(const NodeContext& context) {
  return std::make_unique<Nfs>(context);
}

}  // namespace tocsin::exporters::node
