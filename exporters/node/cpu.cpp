// CPU time by mode from /proc/stat; throttling and isolation from /sys/devices/system/cpu.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/cpu_info.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr double kUserHz = 100;
/// idle and iowait may go back a little when a CPU sleeps; a jump of more means that it was taken off line and came
/// back.
constexpr double kBackwardsSeconds = 3;

constexpr std::size_t kModes = 8;
constexpr std::array<std::string_view, kModes> kModeNames = {"user",   "nice", "system",  "idle",
                                                             "iowait", "irq",  "softirq", "steal"};
constexpr std::size_t kIdle = 3;

struct CpuTimes {
  std::array<double, kModes> modes{};
  double guest = 0, guest_nice = 0;
};

class Cpu final : public Collector {
 public:
  Cpu(const NodeContext& context, std::optional<CpuInfo> info)
      : fs_(context.fs),
        info_(std::move(info)),
        guest_(context.options.cpu_guest),
        stat_(context.shared.get(context.proc("stat"))),
        isolated_(context.fs, context.sys("devices/system/cpu/isolated"), Pieces::kOne),
        cpus_folder_(context.sys("devices/system/cpu")) {}
  std::string_view name() const override { return "cpu"; }

  Result<void> collect(expo::Page& page) override {
    if (info_) TOCSIN_OK(info_->collect(page));
    TOCSIN_TRY(const auto text, stat_->read(asked_at()));
    auto& seconds =
        page.family("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", model::MetricType::kCounter);
    auto& guest_seconds =
        page.family("node_cpu_guest_seconds_total", "Seconds the CPUs spent in guests (VMs) for each mode.",
                    model::MetricType::kCounter);
    Result<void> result;
    for_each_line(*text, [&](std::string_view line) {
      if (!line.starts_with("cpu") || line.starts_with("cpu ")) return;
      if (auto put = put_cpu(line, seconds, guest_seconds); !put && result) result = std::move(put);
    });
    put_isolated(page);
    put_throttles(page);
    put_online(page);
    return result;
  }

 private:
  Result<void> put_cpu(std::string_view line, expo::CachedFamily& seconds, expo::CachedFamily& guest_seconds) {
    const std::string_view cpu = next_word(line).substr(3);
    std::array<double, kModes + 2> fields{};
    for (double& field : fields) {
      const std::string_view word = next_word(line);
      std::uint64_t ticks = 0;
      if (word.empty()) break;  // older kernels have fewer fields
      if (!to_number(word, ticks))
        return fail(Errc::kCorrupt, "{}: cpu{}: no number: \"{}\"", stat_->path(), cpu, word);
      field = static_cast<double>(ticks) / kUserHz;
    }
    CpuTimes now;
    std::copy_n(fields.begin(), kModes, now.modes.begin());
    now.guest = fields[kModes];
    now.guest_nice = fields[kModes + 1];
    const CpuTimes& shown = never_backwards(cpu, now);
    for (std::size_t mode = 0; mode < kModes; ++mode) {
      seconds.put({{"cpu", cpu}, {"mode", kModeNames[mode]}}, shown.modes[mode]);
    }
    if (guest_) {
      guest_seconds.put({{"cpu", cpu}, {"mode", "user"}}, shown.guest);
      guest_seconds.put({{"cpu", cpu}, {"mode", "nice"}}, shown.guest_nice);
    }
    return {};
  }

  /// A counter that goes back a little would look like a reset: the highest value is kept. Source: node_exporter's
  /// collector/cpu_linux.go, updateCPUStats.
  const CpuTimes& never_backwards(std::string_view cpu, const CpuTimes& now) {
    const auto [found, created] = last_.try_emplace(std::string(cpu), now);
    CpuTimes& last = found->second;
    if (created) return last;
    const bool restarted = last.modes[kIdle] - now.modes[kIdle] >= kBackwardsSeconds;
    if (restarted) {
      last = now;
      return last;
    }
    for (std::size_t mode = 0; mode < kModes; ++mode) last.modes[mode] = std::max(last.modes[mode], now.modes[mode]);
    last.guest = std::max(last.guest, now.guest);
    last.guest_nice = std::max(last.guest_nice, now.guest_nice);
    return last;
  }

  /// "1,3-5,9"
  void put_isolated(expo::Page& page) {
    const auto text = isolated_.read();
    if (!text) return;  // not every kernel has the file
    auto& family = page.family("node_cpu_isolated",
                               "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.",
                               model::MetricType::kGauge);
    for (const std::string_view range : split(trim(*text), ',')) {
      const std::size_t dash = range.find('-');
      std::uint64_t first = 0, last = 0;
      if (!to_number(range.substr(0, dash), first)) continue;
      if (dash == std::string_view::npos) {
        last = first;
      } else if (!to_number(range.substr(dash + 1), last)) {
        continue;
      }
      for (std::uint64_t cpu = first; cpu <= last && cpu < first + 8192; ++cpu) {
        family.put({{"cpu", fmt::format("{}", cpu)}}, 1);
      }
    }
  }

  /// Only where the first CPU can be taken off line: else the kernel has no such file for it.
  void put_online(expo::Page& page) {
    if (!looked_for_online_) find_online();
    for (auto& [cpu, file] : online_) {
      const auto online = file.read_number();
      page.family("node_cpu_online", "CPUs that are online and being scheduled.", model::MetricType::kGauge)
          .put({{"cpu", cpu}}, online && *online == 1 ? 1 : 0);
    }
  }

  void find_online() {
    looked_for_online_ = true;
    const auto names = fs_.list(cpus_folder_);
    if (!names || !fs_.exists(cpus_folder_ + "/cpu0/online")) return;
    for (const std::string& name : *names) {
      std::uint64_t number = 0;
      if (!name.starts_with("cpu") || !to_number(std::string_view(name).substr(3), number)) continue;
      online_.emplace_back(name.substr(3),
                           SourceFile(fs_, fmt::format("{}/{}/online", cpus_folder_, name), Pieces::kOne));
    }
  }

  struct Throttle {
    std::string package, core;
    SourceFile core_count, package_count;
  };

  void find_throttles() {
    looked_for_throttles_ = true;
    const auto names = fs_.list(cpus_folder_);
    if (!names) return;
    std::set<std::string> cores, packages;
    for (const std::string& name : *names) {
      std::uint64_t number = 0;
      if (!name.starts_with("cpu") || !to_number(std::string_view(name).substr(3), number)) continue;
      const std::string folder = cpus_folder_ + "/" + name;
      if (!fs_.exists(folder + "/thermal_throttle")) continue;  // the kernel makes it where the CPU can tell
      SourceFile package_file(fs_, folder + "/topology/physical_package_id");
      SourceFile core_file(fs_, folder + "/topology/core_id");
      const auto package = package_file.read();
      const auto core = core_file.read();
      if (!package || !core) continue;
      throttles_.push_back(
          Throttle{std::string(trim(*package)), std::string(trim(*core)),
                   SourceFile(fs_, folder + "/thermal_throttle/core_throttle_count", Pieces::kOne),
                   SourceFile(fs_, folder + "/thermal_throttle/package_throttle_count", Pieces::kOne)});
    }
  }

  static bool read_count(SourceFile& file, double& value) {
    const auto text = file.read();
    std::uint64_t count = 0;
    if (!text || !to_number(trim(*text), count)) return false;
    value = static_cast<double>(count);
    return true;
  }

  /// Each core and each package once, from the first of its threads that tells.
  void put_throttles(expo::Page& page) {
    if (!looked_for_throttles_) find_throttles();
    std::set<std::string_view> packages;
    std::set<std::pair<std::string_view, std::string_view>> cores;
    double count = 0;
    for (Throttle& throttle : throttles_) {
      if (!cores.contains({throttle.package, throttle.core}) && read_count(throttle.core_count, count)) {
        cores.insert({throttle.package, throttle.core});
        page.family("node_cpu_core_throttles_total", "Number of times this CPU core has been throttled.",
                    model::MetricType::kCounter)
            .put({{"core", throttle.core}, {"package", throttle.package}}, count);
      }
      if (!packages.contains(throttle.package) && read_count(throttle.package_count, count)) {
        packages.insert(throttle.package);
        page.family("node_cpu_package_throttles_total", "Number of times this CPU package has been throttled.",
                    model::MetricType::kCounter)
            .put({{"package", throttle.package}}, count);
      }
    }
  }

  Fs& fs_;
  std::optional<CpuInfo> info_;
  bool guest_;
  std::shared_ptr<SharedSourceFile> stat_;
  SourceFile isolated_;
  std::string cpus_folder_;
  bool looked_for_throttles_ = false;
  std::vector<Throttle> throttles_;
  bool looked_for_online_ = false;
  std::vector<std::pair<std::string, SourceFile>> online_;  // by the CPU's number, as text
  std::map<std::string, CpuTimes, std::less<>> last_;
};

}  // namespace

MadeCollector make_cpu(const NodeContext& context) {
  std::optional<CpuInfo> info;
  // Either pattern turns it on, as in node_exporter.
  const NodeOptions& options = context.options;
  if (options.cpu_info || !options.cpu_flags_include.empty() || !options.cpu_bugs_include.empty()) {
    TOCSIN_TRY(CpuInfo made, CpuInfo::make(context));
    info.emplace(std::move(made));
  }
  return std::make_unique<Cpu>(context, std::move(info));
}

}  // namespace tocsin::exporters::node
