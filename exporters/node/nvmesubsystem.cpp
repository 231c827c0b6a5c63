// NVMe subsystems: the controllers by which each is reached, and their states, from /sys/class/nvme-subsystem.

#include <algorithm>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::string_view kStates[] = {"connecting", "dead", "deleting", "live", "new", "resetting", "unknown"};

/// As a label shows what the kernel says.
std::string_view state_of(std::string_view text) {
  if (text == "deleting (no IO)") return "deleting";
  return std::ranges::find(kStates, text) == std::end(kStates) ? "unknown" : text;
}

/// "nvme3" is a controller, "nvme0n1" a namespace; there are other names beside them.
enum class Kind { kController, kNamespace, kOther };
Kind kind_of(std::string_view name) {
  std::uint64_t number = 0;
  if (!name.starts_with("nvme")) return Kind::kOther;
  name.remove_prefix(4);
  if (to_number(name, number)) return Kind::kController;
  const std::size_t n = name.find('n');
  if (n == std::string_view::npos || !to_number(name.substr(0, n), number)) return Kind::kOther;
  return to_number(name.substr(n + 1), number) ? Kind::kNamespace : Kind::kOther;
}

class NvmeSubsystem final : public Collector {
 public:
  explicit NvmeSubsystem(const NodeContext& context)
      : folder_(context.fs, context.sys("class/nvme-subsystem")), fs_(context.fs), files_(context.fs) {}
  std::string_view name() const override { return "nvmesubsystem"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(folder_.list()));
    for (const std::string& name : names) {
      if (name.starts_with("nvme-subsys")) TOCSIN_OK(put(page, name));
    }
    return {};
  }

 private:
  Result<std::string> read(const std::string& path) {
    if (const auto text = files_.text(path)) return std::string(*text);
    return fail(Errc::kIo, "{} is not there or does not answer", path);
  }

  static expo::CachedFamily& gauge(expo::Page& page, std::string_view name, std::string_view help) {
    return page.family(fmt::format("node_nvmesubsystem_{}", name), help, model::MetricType::kGauge);
  }

  Result<void> put(expo::Page& page, const std::string& subsystem) {
    const std::string folder = fmt::format("{}/{}", folder_.path(), subsystem);
    TOCSIN_TRY(const std::string nqn, read(folder + "/subsysnqn"));
    TOCSIN_TRY(const std::string model, read(folder + "/model"));
    TOCSIN_TRY(const std::string serial, read(folder + "/serial"));
    TOCSIN_TRY(const std::string policy, read(folder + "/iopolicy"));
    gauge(page, "info", "Non-numeric information about an NVMe subsystem.")
        .put({{"subsystem", subsystem}, {"nqn", nqn}, {"model", model}, {"serial", serial}, {"iopolicy", policy}}, 1);
    int paths = 0, live = 0;
    TOCSIN_TRY(const std::vector<std::string> entries, fs_.list(folder));
    for (const std::string& entry : entries) {
      const Kind kind = kind_of(entry);
      if (kind == Kind::kNamespace) {
        gauge(page, "namespace_info", "Maps an NVMe namespace block device to its subsystem.")
            .put({{"subsystem", subsystem}, {"device", entry}}, 1);
      }
      if (kind != Kind::kController) continue;
      TOCSIN_TRY(const bool is_live, put_controller(page, subsystem, entry));
      ++paths;
      live += is_live ? 1 : 0;
    }
    gauge(page, "paths", "Number of controller paths for an NVMe subsystem.").put({{"subsystem", subsystem}}, paths);
    gauge(page, "paths_live", "Number of controller paths in live state for an NVMe subsystem.")
        .put({{"subsystem", subsystem}}, live);
    return {};
  }

  /// @return whether it is live.
  Result<bool> put_controller(expo::Page& page, const std::string& subsystem, const std::string& controller) {
    const std::string folder = fmt::format("{}/{}/{}", folder_.path(), subsystem, controller);
    TOCSIN_TRY(const std::string text, read(folder + "/state"));
    TOCSIN_TRY(const std::string transport, read(folder + "/transport"));
    const std::string_view now = state_of(text);
    auto& family =
        gauge(page, "path_state", "Current NVMe controller path state (1 for the current state, 0 for all others).");
    for (const std::string_view state : kStates) {
      family.put({{"subsystem", subsystem}, {"controller", controller}, {"transport", transport}, {"state", state}},
                 state == now ? 1 : 0);
    }
    return now == "live";
  }

  SourceFolder folder_;
  Fs& fs_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_nvmesubsystem(const NodeContext& context) {
  return std::make_unique<NvmeSubsystem>(context);
}

}  // namespace tocsin::exporters::node
