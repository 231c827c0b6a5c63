// Space, devices and commits of each Btrfs file system, from /sys/fs/btrfs. Errors by device are not here: they need an
// ioctl on the mounted file system, as root.

#include <map>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// Bytes on the devices for each byte of data; 0 for a mode that is not known.
double allocation_ratio(std::string_view mode, double devices) {
  if (mode == "single" || mode == "raid0") return 1;
  if (mode == "dup" || mode == "raid1" || mode == "raid10") return 2;
  if (mode == "raid1c3") return 3;
  if (mode == "raid1c4") return 4;
  if (mode == "raid5") return devices / (devices - 1);
  if (mode == "raid6") return devices / (devices - 2);
  return 0;
}

class Btrfs final : public Collector {
 public:
  explicit Btrfs(const NodeContext& context)
      : fs_(context.fs), files_(context.fs, 256), folder_(context.fs, context.sys("fs/btrfs")) {}
  std::string_view name() const override { return "btrfs"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& name : folder_.names()) {
      if (name.contains('-')) TOCSIN_OK(put(page, fmt::format("{}/{}", folder_.path(), name), name));  // not "features"
    }
    return {};
  }

 private:
  struct Series {
    expo::Page& page;
    std::string uuid;

    void put(std::string_view name, std::string_view help, double value, std::string_view mode,
             std::string_view group) const {
      page.family(fmt::format("node_btrfs_{}", name), help, model::MetricType::kGauge)
          .put({{"uuid", uuid}, {"block_group_type", group}, {"mode", mode}}, value);
    }
    void put(std::string_view name, std::string_view help, double value,
             model::MetricType type = model::MetricType::kGauge) const {
      page.family(fmt::format("node_btrfs_{}", name), help, type).put({{"uuid", uuid}}, value);
    }
  };

  /// Older kernels lack some files: 0.
  Result<double> number(const std::string& path) {
    TOCSIN_TRY(const std::optional<double> value, files_.whole(path));
    return value.value_or(0);
  }

  Result<void> put(expo::Page& page, const std::string& folder, const std::string& name) {
    Series series{page, std::string(files_.text(folder + "/metadata_uuid").value_or(""))};
    if (series.uuid.empty()) series.uuid = name;
    page.family("node_btrfs_info", "Filesystem information", model::MetricType::kGauge)
        .put({{"uuid", series.uuid}, {"label", files_.text(folder + "/label").value_or("")}}, 1);
    TOCSIN_TRY(const double reserve, number(folder + "/allocation/global_rsv_size"));
    series.put("global_rsv_size_bytes", "Size of global reserve.", reserve);
    TOCSIN_OK(put_commits(series, folder + "/commit_stats"));
    const std::vector<std::string> devices = files_.names(folder + "/devices");
    for (const std::string& device : devices) {
      TOCSIN_TRY(const double sectors, number(fmt::format("{}/devices/{}/size", folder, device)));
      page.family("node_btrfs_device_size_bytes", "Size of a device that is part of the filesystem.",
                  model::MetricType::kGauge)
          .put({{"uuid", series.uuid}, {"device", device}}, sectors * 512);
    }
    for (const std::string_view group : {"data", "metadata", "system"}) {
      TOCSIN_OK(put_group(series, fmt::format("{}/allocation/{}", folder, group), group,
                          static_cast<double>(devices.size())));
    }
    return {};
  }

  /// "commits 258051", "last_commit_ms 1000", ... Not before Linux 6.0: then they are 0.
  Result<void> put_commits(const Series& series, const std::string& path) {
    std::map<std::string_view, double> values;
    std::string_view text = files_.text(path).value_or("");
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = next_word(line), value = next_word(line);
      std::uint64_t number = 0;
      if (!to_number(value, number)) return fail(Errc::kCorrupt, "{}: no number for \"{}\"", path, key.substr(0, 100));
      values[key] = static_cast<double>(number);
    }
    series.put("commits_total", "The total number of commits that have occurred.", values["commits"],
               model::MetricType::kCounter);
    series.put("last_commit_seconds", "Duration of the most recent commit, in seconds.",
               values["last_commit_ms"] / 1000);
    series.put("max_commit_seconds", "Duration of the slowest commit, in seconds.", values["max_commit_ms"] / 1000);
    series.put("commit_seconds_total", "Sum of the duration of all commits, in seconds.",
               values["total_commit_ms"] / 1000, model::MetricType::kCounter);
    return {};
  }

  Result<void> put_group(const Series& series, const std::string& folder, std::string_view group, double devices) {
    TOCSIN_TRY(const double reserved, number(folder + "/bytes_reserved"));
    series.page
        .family("node_btrfs_reserved_bytes", "Amount of space reserved for a data type", model::MetricType::kGauge)
        .put({{"uuid", series.uuid}, {"block_group_type", group}}, reserved);
    for (const std::string& mode : files_.names(folder)) {
      const std::string path = fmt::format("{}/{}", folder, mode);
      const auto info = fs_.info(path);
      if (!info || !info->directory) continue;
      TOCSIN_TRY(const double used, number(path + "/used_bytes"));
      series.put("used_bytes", "Amount of used space by a layout/data type", used, mode, group);
      TOCSIN_TRY(const double size, number(path + "/total_bytes"));
      series.put("size_bytes", "Amount of space allocated for a layout/data type", size, mode, group);
      series.put("allocation_ratio", "Data allocation ratio for a layout/data type", allocation_ratio(mode, devices),
                 mode, group);
    }
    return {};
  }

  Fs& fs_;
  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_btrfs(const NodeContext& context) {
  return std::make_unique<Btrfs>(context);
}

}  // namespace tocsin::exporters::node
