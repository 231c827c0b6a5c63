// Space and inodes of the mounted file systems.

#include <algorithm>
#include <set>
#include <tuple>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "base/system_file.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/exclusive_filter.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/stat_worker.hpp"

namespace tocsin::exporters::node {
namespace {

/// A mount that takes longer gets its numbers in the next round.
constexpr Duration kPatience = std::chrono::milliseconds(100);

/// Kernels that do not say when the table changes, though their /proc looks like Linux's, are asked nevertheless.
constexpr Duration kTableIsGoodFor = std::chrono::minutes(1);

/// File systems that answer statfs(2) from memory, and whose folders are looked up without asking anybody else.
constexpr std::string_view kLocalTypes[] = {"ext2", "ext3", "ext4", "xfs", "f2fs", "tmpfs", "ramfs", "vfat"};
/// What mounts of the former may lie in.
constexpr std::string_view kKernelTypes[] = {"proc",     "sysfs",   "devtmpfs", "devpts",  "cgroup",
                                             "cgroup2",  "debugfs", "tracefs",  "mqueue",  "securityfs",
                                             "configfs", "pstore",  "bpf",      "efivarfs"};

struct Mount {
  std::string device, mount_point, type;
  std::string path;  // of the mount point here
  bool readonly = false;
  bool local = false;  // statfs(2) of it waits for nobody
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

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

class Filesystem final : public Collector {
 public:
  Filesystem(const NodeOptions& options, Fs& fs, Clock& clock, Filter mount_points, Filter types)
      : fs_(fs),
        clock_(clock),
        rootfs_(options.rootfs),
        timeout_(options.filesystem_mount_timeout),
        init_mounts_(fs, options.procfs + "/1/mounts"),
        own_mounts_(fs, options.procfs + "/self/mounts"),
        mount_points_(std::move(mount_points)),
        types_(std::move(types)) {}
  std::string_view name() const override { return "filesystem"; }

  Result<void> collect(expo::Page& page) override {
    const bool remembered = table_is_good();
    if (!remembered) TOCSIN_OK(read_mounts());
    auto stats = ask_mounts();
    if (remembered && !agree(stats)) {
      TOCSIN_OK(read_mounts());
      stats = ask_mounts();
    }
    remember_ = agree(stats);
    for (std::size_t i = 0; i < mounts_.size(); ++i) put_mount(page, mounts_[i], stats[i]);
    return {};
  }

 private:
  using Stats = std::vector<Result<FsStats>>;

  /// The kernel says when a mount came, went or was mounted anew.
  bool table_is_good() const {
    return remember_ && watched_ != nullptr && clock_.mono() - read_at_ < kTableIsGoodFor &&
           !watched_->may_have_changed();
  }

  /// A file system that the kernel made read-only after an error is no change of the table, nor is one that another
  /// container mounted anew; statfs(2) tells it.
  bool agree(const Stats& stats) const {
    for (std::size_t i = 0; i < mounts_.size(); ++i) {
      if (!stats[i] || stats[i]->readonly != mounts_[i].readonly) return false;
    }
    return true;
  }

  Stats ask_mounts() {
    Stats others = paths_.empty() ? Stats() : stat_.call(paths_, std::min(kPatience, timeout_), timeout_);
    if (paths_.size() == mounts_.size()) return others;
    Stats all;
    auto next = others.begin();
    for (const Mount& mount : mounts_) all.push_back(mount.local ? ask_for_stats(mount.path) : std::move(*next++));
    return all;
  }

  Result<void> read_mounts() {
    SourceFile* file = &init_mounts_;
    watch(*file);
    auto text = file->read();
    if (!text) {  // without the right to see process 1
      file = &own_mounts_;
      watch(*file);
      text = file->read();
    }
    if (!text) return fail(std::move(text).error());
    read_at_ = clock_.mono();
    if (*text == table_ && !table_.empty()) return {};
    mounts_.clear();
    paths_.clear();
    std::vector<std::string> remote;  // mount points
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    for_each_line(*text, [&](std::string_view line) {
      Mount mount;
      mount.device = decode_octal(next_word(line));
      mount.mount_point = strip_rootfs(decode_octal(next_word(line)), rootfs_);
      mount.type = next_word(line);
      for (const std::string_view option : split(next_word(line), ',')) mount.readonly |= option == "ro";
      if (mount.type.empty()) return;
      if (std::ranges::find(kLocalTypes, mount.type) == std::end(kLocalTypes) &&
          std::ranges::find(kKernelTypes, mount.type) == std::end(kKernelTypes)) {
        remote.push_back(mount.mount_point);
      }
      if (!mount_points_.shows(mount.mount_point) || !types_.shows(mount.type)) return;
      if (!seen.insert(mount.key()).second) return;
      mount.path = rootfs_ == "/" ? mount.mount_point : rootfs_ + mount.mount_point;
      mounts_.push_back(std::move(mount));
    });
    table_ = *text;
    for (Mount& mount : mounts_) {
      const bool alone =
          std::ranges::none_of(remote, [&](const std::string& folder) { return is_below(mount.mount_point, folder); });
      mount.local = alone && rootfs_ == "/" && std::ranges::find(kLocalTypes, mount.type) != std::end(kLocalTypes);
      if (!mount.local) paths_.push_back(mount.path);
    }
    return {};
  }

  /// From before the table is read, so that no change is missed.
  void watch(const SourceFile& table) {
    if (watched_ != nullptr && watched_path_ == table.path()) return;
    watched_path_ = table.path();
    auto file = fs_.open_random(watched_path_);
    opened_ = file ? std::move(*file) : nullptr;
    watched_ = dynamic_cast<const SystemFile*>(opened_.get());
  }

  void put_mount(expo::Page& page, const Mount& mount, const Result<FsStats>& stats) {
    const std::string problem = stats ? "" : stats.error().message;
    std::size_t place = 0;
    const auto put = [&](std::string_view suffix, std::string_view help, double value) {
      const auto make = [&](std::string_view name) {
        return &page.family(fmt::format("node_filesystem_{}", name), help, model::MetricType::kGauge);
      };
      families_.at(place++, suffix, make)
          ->put({{"device", mount.device},
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

  Fs& fs_;
  Clock& clock_;
  std::string rootfs_;
  Duration timeout_;
  SourceFile init_mounts_, own_mounts_;
  Filter mount_points_, types_;
  std::string table_;  // as it was read last, and what is shown of it
  std::vector<Mount> mounts_;
  std::vector<std::string> paths_;       // of mounts_ that are not local
  std::unique_ptr<RandomFile> opened_;   // the table that is watched, of this path:
  const SystemFile* watched_ = nullptr;  // the same; null if it says no changes
  std::string watched_path_;
  MonoTime read_at_{0};    // when the table was
  bool remember_ = false;  // it may be as it was in the last round
  FieldFamilies families_;
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
  return std::make_unique<Filesystem>(options, context.fs, context.clock, std::move(mount_points), std::move(types));
}

}  // namespace tocsin::exporters::node
