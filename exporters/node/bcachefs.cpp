// Caches, compression, errors, counters and devices of each bcachefs file system, from /sys/fs/bcachefs.

#include <cmath>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// "48.9G", with units of 1024 in either case; whole bytes.
bool to_bytes(std::string_view text, double& bytes) {
  constexpr std::string_view kUnits = "kmgtpe";
  text = trim(text);
  double unit = 1;
  if (!text.empty()) {
    const std::size_t at = kUnits.find(static_cast<char>(text.back() | 0x20));
    if (at != std::string_view::npos) {
      unit = std::pow(1024, at + 1);
      text.remove_suffix(1);
    }
  }
  if (!parse_float(text, bytes) || !std::isfinite(bytes)) return false;
  bytes = std::trunc(bytes * unit);
  return true;
}

bool to_count(std::string_view text, double& count) {
  std::uint64_t whole = 0;
  if (!to_number(trim(text), whole)) return false;
  count = static_cast<double>(whole);
  return true;
}

/// "key : value", without blanks around them; false for other lines.
bool split_line(std::string_view line, std::string_view& key, std::string_view& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  key = trim(line.substr(0, colon));
  value = trim(line.substr(colon + 1));
  return true;
}

class Bcachefs final : public Collector {
 public:
  explicit Bcachefs(const NodeContext& context)
      : fs_(context.fs), files_(context.fs, 256), folder_(context.fs, context.sys("fs/bcachefs")) {}
  std::string_view name() const override { return "bcachefs"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> entries, or_no_data(folder_.list()));
    std::size_t found = 0;
    for (const std::string& uuid : entries) {
      const std::string folder = fmt::format("{}/{}", folder_.path(), uuid);
      const auto info = fs_.info(folder);
      if (!info || !info->directory) continue;
      ++found;
      TOCSIN_OK(put_file_system(page, folder, uuid));
      for (const std::string& name : files_.names(folder)) {
        if (name.starts_with("dev-")) {
          TOCSIN_OK(put_device(page, fmt::format("{}/{}", folder, name), uuid, name.substr(4)));
        }
      }
    }
    if (found == 0) return fail(Errc::kUnavailable, "{}: no file system is mounted", folder_.path());
    return {};
  }

 private:
  static constexpr auto kGauge = model::MetricType::kGauge;
  static constexpr auto kCounter = model::MetricType::kCounter;

  static std::unexpected<Error> wrong(const std::string& path, std::string_view line) {
    return fail(Errc::kCorrupt, "{}: no number: \"{}\"", path, line.substr(0, 100));
  }

  /// Calls `take` for each line of a file with the number it has; it returns false if the line is wrong.
  template <typename Take>
  Result<void> each_line(const std::string& path, Take take) {
    std::string_view text = files_.text(path).value_or("");
    for (std::size_t number = 0; !text.empty(); ++number) {
      const std::string_view line = take_line(text);
      if (!take(number, line)) return wrong(path, line);
    }
    return {};
  }

  Result<void> put_file_system(expo::Page& page, const std::string& folder, const std::string& uuid) {
    page.family("node_bcachefs_info", "Filesystem information.", kGauge).put({{"uuid", uuid}}, 1);
    const std::string path = folder + "/btree_cache_size";
    const std::string_view size = files_.text(path).value_or("0");
    double bytes = 0;
    if (!to_bytes(size, bytes)) return wrong(path, size);
    page.family("node_bcachefs_btree_cache_size_bytes", "Btree cache memory usage in bytes.", kGauge)
        .put({{"uuid", uuid}}, bytes);
    TOCSIN_OK(put_compression(page, folder + "/compression_stats", uuid));
    TOCSIN_OK(put_writes(page, folder + "/btree_write_stats", uuid));
    TOCSIN_OK(put_errors(page, folder + "/errors", uuid));
    return put_counters(page, folder + "/counters", uuid);
  }

  /// A heading, then "lz4  48.9G  71.2G  62.5k": compressed, uncompressed, average of an extent.
  Result<void> put_compression(expo::Page& page, const std::string& path, const std::string& uuid) {
    return each_line(path, [&](std::size_t number, std::string_view line) {
      std::string_view algorithm = next_word(line);
      const std::string_view compressed = next_word(line), uncompressed = next_word(line);
      if (number == 0 || uncompressed.empty()) return true;
      if (algorithm.ends_with(':')) algorithm.remove_suffix(1);
      double before = 0, after = 0;
      if (!to_bytes(compressed, after) || !to_bytes(uncompressed, before)) return false;
      page.family("node_bcachefs_compression_compressed_bytes", "Compressed size by algorithm.", kGauge)
          .put({{"uuid", uuid}, {"algorithm", algorithm}}, after);
      page.family("node_bcachefs_compression_uncompressed_bytes", "Uncompressed size by algorithm.", kGauge)
          .put({{"uuid", uuid}, {"algorithm", algorithm}}, before);
      return true;
    });
  }

  /// A heading, then "initial:  3298401  100k": how many, and their average size.
  Result<void> put_writes(expo::Page& page, const std::string& path, const std::string& uuid) {
    return each_line(path, [&](std::size_t number, std::string_view line) {
      std::string_view type = next_word(line);
      const std::string_view writes = next_word(line), average = next_word(line);
      if (number == 0 || average.empty()) return true;
      if (type.ends_with(':')) type.remove_suffix(1);
      double count = 0, size = 0;
      if (!to_count(writes, count) || !to_bytes(average, size)) return false;
      page.family("node_bcachefs_btree_writes_total", "Number of btree writes by type.", kCounter)
          .put({{"uuid", uuid}, {"type", type}}, count);
      page.family("node_bcachefs_btree_write_average_size_bytes", "Average btree write size by type.", kGauge)
          .put({{"uuid", uuid}, {"type", type}}, size);
      return true;
    });
  }

  /// "bset_bad_csum  2  1767112063": how often, and when last.
  Result<void> put_errors(expo::Page& page, const std::string& path, const std::string& uuid) {
    return each_line(path, [&](std::size_t, std::string_view line) {
      const std::string_view type = next_word(line), times = next_word(line);
      if (times.empty()) return true;
      double count = 0;
      if (!to_count(times, count)) return false;
      page.family("node_bcachefs_errors_total", "Error count by error type.", kCounter)
          .put({{"uuid", uuid}, {"error_type", type}}, count);
      return true;
    });
  }

  /// A file each, with the lines "since mount: 475G" and "since filesystem creation: 44.5T".
  Result<void> put_counters(expo::Page& page, const std::string& folder, const std::string& uuid) {
    for (const std::string& counter : files_.names(folder)) {
      TOCSIN_OK(each_line(fmt::format("{}/{}", folder, counter), [&](std::size_t, std::string_view line) {
        std::string_view since, text;
        double value = 0;
        if (!split_line(line, since, text) || !to_bytes(text, value)) return false;
        if (since != "since filesystem creation") return true;
        page.family(fmt::format("node_bcachefs_{}_total", counter),
                    fmt::format("Bcachefs counter {} since filesystem creation.", counter), kCounter)
            .put({{"uuid", uuid}}, value);
        return true;
      }));
    }
    return {};
  }

  Result<void> put_device(expo::Page& page, const std::string& folder, const std::string& uuid,
                          const std::string& device) {
    const std::string label(files_.text(folder + "/label").value_or(""));
    page.family("node_bcachefs_device_info", "Device information.", kGauge)
        .put({{"uuid", uuid},
              {"device", device},
              {"label", label},
              {"state", files_.text(folder + "/state").value_or("")}},
             1);
    const auto put = [&](std::string_view name, std::string_view help, double value) {
      page.family(fmt::format("node_bcachefs_device_{}", name), help, kGauge)
          .put({{"uuid", uuid}, {"device", device}}, value);
    };
    const std::string path = folder + "/bucket_size";
    const std::string_view size = files_.text(path).value_or("0");
    double bytes = 0;
    if (!to_bytes(size, bytes)) return wrong(path, size);
    put("bucket_size_bytes", "Bucket size in bytes.", bytes);
    TOCSIN_TRY(const std::optional<double> buckets, files_.whole(folder + "/nbuckets"));
    put("buckets", "Total number of buckets.", buckets.value_or(0));
    TOCSIN_TRY(const std::optional<double> durability, files_.whole(folder + "/durability"));
    put("durability", "Device durability setting.", durability.value_or(0));
    TOCSIN_OK(put_done(page, folder + "/io_done", uuid, device));
    return put_io_errors(page, folder + "/io_errors", uuid, device);
  }

  /// "read:", then lines such as "btree : 5242880"; the same after "write:".
  Result<void> put_done(expo::Page& page, const std::string& path, const std::string& uuid, const std::string& device) {
    std::string_view operation;
    return each_line(path, [&](std::size_t, std::string_view line) {
      std::string_view type, text;
      if (!split_line(line, type, text)) return true;
      if (text.empty() && (type == "read" || type == "write")) {
        operation = type;
        return true;
      }
      double bytes = 0;
      if (!to_count(text, bytes)) return false;
      if (operation.empty()) return true;
      page.family("node_bcachefs_device_io_done_bytes_total", "IO bytes by operation type and data type.", kCounter)
          .put({{"uuid", uuid}, {"device", device}, {"operation", operation}, {"data_type", type}}, bytes);
      return true;
    });
  }

  /// "IO errors since filesystem creation", then lines such as "read: 0"; then the same since another time.
  Result<void> put_io_errors(expo::Page& page, const std::string& path, const std::string& uuid,
                             const std::string& device) {
    bool since_creation = false;
    return each_line(path, [&](std::size_t, std::string_view line) {
      if (line.starts_with("IO errors since ")) since_creation = line.contains("filesystem creation");
      std::string_view type, text;
      if (!since_creation || !split_line(line, type, text)) return true;
      double errors = 0;
      if (!to_count(text, errors)) return false;
      page.family("node_bcachefs_device_io_errors_total", "IO errors by error type.", kCounter)
          .put({{"uuid", uuid}, {"device", device}, {"type", type}}, errors);
      return true;
    });
  }

  Fs& fs_;
  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_bcachefs(const NodeContext& context) {
  return std::make_unique<Bcachefs>(context);
}

}  // namespace tocsin::exporters::node
