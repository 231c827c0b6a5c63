// Space and inodes of the mounted file systems.

#include <algorithm>
#include <set>
#include <tuple>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/exclusive_filter.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/stat_worker.hpp"

namespace tocsin::exporters::node {
namespace {

/// A mount that takes longer gets its numbers in the next round.
constexpr Duration kPatience = std::chrono::milliseconds(100);

struct Mount {
  std::string device, mount_point, type;
  bool readonly = false;
  auto key() const { return std::tie(device, mount_point, type); }
};

/// `\040` and the like, as the kernel writes blanks, tabs, newlines and backslashes in mount tables.
std::string decode_octal(std::string_view text) {
  std::string out;
  const auto is_octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && is_octal(i + 1) && is_octal(i + 2) && is_octal(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The mount point as the host sees it when its root is mounted at `rootfs` here.
std::string strip_rootfs(std::string path, const std::string& rootfs) {
  if (rootfs == "/" || !path.starts_with(rootfs)) return path;
  path.erase(0, rootfs.size());
  return path.empty() ? "/" : path;
}

class Filesystem final : public Collector {
 public:
  Filesystem(const NodeOptions& options, Fs& fs, Filter mount_points, Filter types)
      : rootfs_(options.rootfs),
        timeout_(options.filesystem_mount_timeout),
        init_mounts_(fs, options.procfs + "/1/mounts"),
        own_mounts_(fs, options.procfs + "/self/mounts"),
        mount_points_(std::move(mount_points)),
        types_(std::move(types)) {}
  std::string_view name() const override { return "filesystem"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_OK(read_mounts());
    const auto stats = stat_.call(paths_, std::min(kPatience, timeout_), timeout_);
    for (std::size_t i = 0; i < mounts_.size(); ++i) put_mount(page, mounts_[i], stats[i]);
    return {};
  }

 private:
  /// The table seldom changes.
  Result<void> read_mounts() {
    auto text = init_mounts_.read();
    if (!text) text = own_mounts_.read();  // without the right to see process 1
    if (!text) return fail(std::move(text).error());
    if (*text == table_ && !table_.empty()) return {};
    mounts_.clear();
    paths_.clear();
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    for_each_line(*text, [&](std::string_view line) {
      Mount mount;
      mount.device = decode_octal(next_word(line));
      mount.mount_point = strip_rootfs(decode_octal(next_word(line)), rootfs_);
      mount.type = next_word(line);
      for (const std::string_view option : split(next_word(line), ',')) mount.readonly |= option == "ro";
      if (mount.type.empty() || !mount_points_.shows(mount.mount_point) || !types_.shows(mount.type)) return;
      if (!seen.insert(mount.key()).second) return;
      paths_.push_back(rootfs_ == "/" ? mount.mount_point : rootfs_ + mount.mount_point);
      mounts_.push_back(std::move(mount));
    });
    table_ = *text;
    return {};
  }

  void put_mount(expo::Page& page, const Mount& mount, const Result<FsStats>& stats) {
    const std::string problem = stats ? "" : stats.error().message;
    const auto put = [&](std::string_view suffix, std::string_view help, double value) {
      page.family(fmt::format("node_filesystem_{}", suffix), help, model::MetricType::kGauge)
          .put({{"device", mount.device},
                {"device_error", problem},
                {"fstype", mount.type},
                {"mountpoint", mount.mount_point}},
               value);
    };
    put("device_error", "Whether an error occurred while getting statistics for the given device.", stats ? 0 : 1);
    put("readonly", "Filesystem read-only status.", mount.readonly || (stats && stats->readonly) ? 1 : 0);
    if (!stats) {
      if (problems_.insert(mount.mount_point).second) {
        log::warn("filesystem", "cannot read the statistics of a mount",
                  {{"mountpoint", mount.mount_point}, {"err", problem}});
      }
      return;
    }
    problems_.erase(mount.mount_point);
    put("size_bytes", "Filesystem size in bytes.", stats->size_bytes);
    put("free_bytes", "Filesystem free space in bytes.", stats->free_bytes);
    put("avail_bytes", "Filesystem space available to non-root users in bytes.", stats->avail_bytes);
    put("files", "Filesystem total file nodes.", stats->files);
    put("files_free", "Filesystem total free file nodes.", stats->files_free);
  }

  std::string rootfs_;
  Duration timeout_;
  SourceFile init_mounts_, own_mounts_;
  Filter mount_points_, types_;
  std::string table_;  // as it was read last, and what is shown of it
  std::vector<Mount> mounts_;
  std::vector<std::string> paths_;  // of mounts_
  StatWorker stat_;
  std::set<std::string> problems_;  // mount points that fail now, logged once
};

}  // namespace

MadeCollector make_filesystem(const NodeContext& context) {
  const NodeOptions& options = context.options;
  const NodeOptions defaults;
  TOCSIN_TRY(Filter mount_points,
             make_exclusive_filter("--collector.filesystem.mount-points", options.filesystem_mount_points_include,
                                   options.filesystem_mount_points_exclude, defaults.filesystem_mount_points_exclude));
  TOCSIN_TRY(Filter types,
             make_exclusive_filter("--collector.filesystem.fs-types", options.filesystem_fs_types_include,
                                   options.filesystem_fs_types_exclude, defaults.filesystem_fs_types_exclude));
  return std::make_unique<Filesystem>(options, context.fs, std::move(mount_points), std::move(types));
}

}  // namespace tocsin::exporters::node
