// ZFS: the module's statistics, and pools and data sets, from /proc/spl/kstat/zfs.

#include <charconv>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// A file of the module, and what its metrics' names begin with. A module may lack some.
struct Subsystem {
  std::string_view file, name;
};
constexpr Subsystem kSubsystems[] = {
    {"abdstats", "zfs_abd"},
    {"arcstats", "zfs_arc"},
    {"dbufstats", "zfs_dbuf"},
    {"dmu_tx", "zfs_dmu_tx"},
    {"dnodestats", "zfs_dnode"},
    {"fm", "zfs_fm"},
    {"vdev_cache_stats", "zfs_vdev_cache"},
    {"vdev_mirror_stats", "zfs_vdev_mirror"},
    {"xuio_stats", "zfs_xuio"},
    {"zfetchstats", "zfs_zfetch"},
    {"zil", "zfs_zil"},
};

constexpr std::string_view kPoolStates[] = {"online",  "degraded", "faulted",  "offline",
                                            "removed", "unavail",  "suspended"};

/// The types of a kstat's values that are numbers of 64 bits.
constexpr std::string_view kSigned = "3", kUnsigned = "4";

template <typename Integer>
bool parse(std::string_view text, double& value) {
  Integer integer = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), integer);
  value = static_cast<double>(integer);
  return status == std::errc() && end == text.data() + text.size();
}

/// What follows the heading "name type data"; nothing if there is no such line.
std::optional<std::string_view> table_of(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (next_word(line) == "name" && next_word(line) == "type" && next_word(line) == "data") return text;
  }
  return std::nullopt;
}

class Zfs final : public Collector {
 public:
  explicit Zfs(const NodeContext& context)
      : folder_(context.fs, context.proc("spl/kstat/zfs")), fs_(context.fs), files_(context.fs, 128, Pieces::kMany) {}
  std::string_view name() const override { return "zfs"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(folder_.list()));
    for (const Subsystem& subsystem : kSubsystems) TOCSIN_OK(put_subsystem(page, subsystem));
    for (const std::string& name : names) {
      const auto info = fs_.info(fmt::format("{}/{}", folder_.path(), name));
      if (info && info->directory) TOCSIN_OK(put_pool(page, name));
    }
    return {};
  }

 private:
  /// "" if the file is not there: an older module, or a pool that is exported now.
  Result<std::string_view> read(const std::string& path) {
    auto text = files_.read(path);
    if (!text && text.error().code == Errc::kNotFound) return std::string_view();
    return text;
  }

  /// Calls `take` with name and value of the numbers in a kstat table, and with the name and the text of others.
  template <typename Take>
  Result<void> for_each_value(const std::string& path, Take take) {
    TOCSIN_TRY(const std::string_view text, read(path));
    if (text.empty()) return {};
    auto table = table_of(text);
    if (!table) return fail(Errc::kCorrupt, "{}: no line \"name type data\"", path);
    while (!table->empty()) {
      std::string_view line = take_line(*table);
      const std::string_view key = next_word(line), type = next_word(line), data = trim(line);
      double value = 0;
      if (data.empty()) continue;
      if ((type == kUnsigned && !parse<std::uint64_t>(data, value)) ||
          (type == kSigned && !parse<std::int64_t>(data, value))) {
        return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", path, key, data);
      }
      take(key, type, data, value);
    }
    return {};
  }

  Result<void> put_subsystem(expo::Page& page, const Subsystem& subsystem) {
    return for_each_value(fmt::format("{}/{}", folder_.path(), subsystem.file),
                          [&](std::string_view key, std::string_view type, std::string_view, double value) {
                            if (type == kSigned || type == kUnsigned)
                              family(page, subsystem.name, subsystem.file, key).put(value);
                          });
  }

  Result<void> put_pool(expo::Page& page, const std::string& pool) {
    const std::string folder = fmt::format("{}/{}", folder_.path(), pool);
    TOCSIN_OK(put_io(page, folder + "/io", pool));
    for (const std::string& name : files_.names(folder)) {
      if (name.starts_with("objset-")) TOCSIN_OK(put_dataset(page, fmt::format("{}/{}", folder, name), pool));
    }
    TOCSIN_TRY(std::string_view state, read(folder + "/state"));
    if (state.empty()) return {};
    const std::string actual = to_lower(trim(take_line(state)));
    auto& states = page.family("node_zfs_zpool_state", "kstat.zfs.misc.state", model::MetricType::kGauge);
    for (const std::string_view name : kPoolStates) {
      states.put({{"zpool", pool}, {"state", name}}, name == actual ? 1 : 0);
    }
    return {};
  }

  /// A line of names that begins with nread, and below it their values. Newer modules have no such file.
  Result<void> put_io(expo::Page& page, const std::string& path, std::string_view pool) {
    TOCSIN_TRY(std::string_view text, read(path));
    while (!text.empty()) {
      std::string_view names = take_line(text);
      if (!trim(names).starts_with("nread")) continue;
      std::string_view values = take_line(text);
      for (std::string_view key = next_word(names); !key.empty(); key = next_word(names)) {
        double value = 0;
        const std::string_view digits = next_word(values);
        if (!parse<std::uint64_t>(digits, value)) {
          return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", path, key, digits);
        }
        family(page, "zfs_zpool", "io", key).put({{"zpool", pool}}, value);
      }
    }
    return {};
  }

  /// The name of the data set, which may hold blanks, comes first.
  Result<void> put_dataset(expo::Page& page, const std::string& path, std::string_view pool) {
    std::string dataset;
    return for_each_value(path, [&](std::string_view key, std::string_view type, std::string_view data, double value) {
      if (key == "dataset_name") {
        dataset = data;
      } else if (type == kUnsigned) {
        family(page, "zfs_zpool_dataset", "objset", key).put({{"zpool", pool}, {"dataset", dataset}}, value);
      }
    });
  }

  static expo::CachedFamily& family(expo::Page& page, std::string_view prefix, std::string_view file,
                                    std::string_view key) {
    const std::string_view last = key.substr(key.rfind('.') + 1);
    return page.family(fmt::format("node_{}_{}", prefix, replace_all(std::string(last), "-", "_")),
                       fmt::format("kstat.zfs.misc.{}.{}", file, key), model::MetricType::kUnknown);
  }

  SourceFolder folder_;
  Fs& fs_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_zfs(const NodeContext& context) {
  return std::make_unique<Zfs>(context);
}

}  // namespace tocsin::exporters::node
