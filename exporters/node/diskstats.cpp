// Block devices: /proc/diskstats, with what udev knows of them.

#include <array>

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/exclusive_filter.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Column {
  std::string_view name, help;
  double scale = 1;
  model::MetricType type = model::MetricType::kCounter;
};
constexpr double kSector = 512, kMillisecond = 1.0 / 1000.0;
/// After major, minor and name, in order. Older kernels have 11 or 15. Source: Documentation/admin-guide/iostats.rst of
/// Linux.
constexpr Column kColumns[] = {
    {"reads_completed_total", "The total number of reads completed successfully."},
    {"reads_merged_total", "The total number of reads merged."},
    {"read_bytes_total", "The total number of bytes read successfully.", kSector},
    {"read_time_seconds_total", "The total number of seconds spent by all reads.", kMillisecond},
    {"writes_completed_total", "The total number of writes completed successfully."},
    {"writes_merged_total", "The number of writes merged."},
    {"written_bytes_total", "The total number of bytes written successfully.", kSector},
    {"write_time_seconds_total", "This is the total number of seconds spent by all writes.", kMillisecond},
    {"io_now", "The number of I/Os currently in progress.", 1, model::MetricType::kGauge},
    {"io_time_seconds_total", "Total seconds spent doing I/Os.", kMillisecond},
    {"io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", kMillisecond},
    {"discards_completed_total", "The total number of discards completed successfully."},
    {"discards_merged_total", "The total number of discards merged."},
    {"discarded_sectors_total", "The total number of sectors discarded successfully."},
    {"discard_time_seconds_total", "This is the total number of seconds spent by all discards.", kMillisecond},
    {"flush_requests_total", "The total number of flush requests completed successfully"},
    {"flush_requests_time_seconds_total", "This is the total number of seconds spent by all flush requests.",
     kMillisecond},
};

/// The properties of a device ("E:NAME=value"), by name. Views of the file's text.
using Properties = std::map<std::string, std::string, std::less<>>;

std::string_view property(const Properties& properties, std::string_view name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string_view() : found->second;
}

class Diskstats final : public Collector {
 public:
  Diskstats(const NodeContext& context, Filter devices)
      : file_(context.fs, context.proc("diskstats")),
        devices_(std::move(devices)),
        files_(context.fs),
        udev_(context.options.udev_data),
        block_(context.sys("block")) {}
  std::string_view name() const override { return "diskstats"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    while (!text.empty()) TOCSIN_OK(put_line(page, take_line(text)));
    return {};
  }

 private:
  Result<void> put_line(expo::Page& page, std::string_view line) {
    const std::string_view major = next_word(line), minor = next_word(line), device = next_word(line);
    if (device.empty() || !devices_.shows(device)) return {};
    for (std::size_t place = 0; place < std::size(kColumns); ++place) {
      const Column& column = kColumns[place];
      const std::string_view word = next_word(line);
      if (word.empty()) break;
      std::uint64_t value = 0;
      if (!to_number(word, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), device, word);
      const auto make = [&](std::string_view name) {
        return &page.family(fmt::format("node_disk_{}", name), column.help, column.type);
      };
      families_.at(place, column.name, make)->put({{"device", device}}, static_cast<double>(value) * column.scale);
    }
    put_properties(page, major, minor, device);
    return {};
  }

  void put_properties(expo::Page& page, std::string_view major, std::string_view minor, std::string_view device) {
    const Properties known = properties(major, minor);
    std::string_view serial = property(known, "SCSI_IDENT_SERIAL");
    if (serial.empty()) serial = property(known, "ID_SERIAL_SHORT");
    if (serial.empty()) serial = property(known, "ID_SERIAL");
    const auto rotational = files_.number(fmt::format("{}/{}/queue/rotational", block_, device));
    page.family("node_disk_info", "Info of /sys/block/<block_device>.", model::MetricType::kGauge)
        .put({{"device", device},
              {"major", major},
              {"minor", minor},
              {"path", property(known, "ID_PATH")},
              {"wwn", property(known, "ID_WWN")},
              {"model", property(known, "ID_MODEL")},
              {"serial", serial},
              {"revision", property(known, "ID_REVISION")},
              {"rotational", rotational && *rotational == 1 ? "1" : "0"}},
             1);
    if (const std::string_view type = property(known, "ID_FS_TYPE"); !type.empty()) {
      page.family("node_disk_filesystem_info", "Info about disk filesystem.", model::MetricType::kGauge)
          .put({{"device", device},
                {"type", type},
                {"usage", property(known, "ID_FS_USAGE")},
                {"uuid", property(known, "ID_FS_UUID")},
                {"version", property(known, "ID_FS_VERSION")}},
               1);
    }
    if (const std::string_view name = property(known, "DM_NAME"); !name.empty()) {
      page.family("node_disk_device_mapper_info", "Info about disk device mapper.", model::MetricType::kGauge)
          .put({{"device", device},
                {"name", name},
                {"uuid", property(known, "DM_UUID")},
                {"vg_name", property(known, "DM_VG_NAME")},
                {"lv_name", property(known, "DM_LV_NAME")},
                {"lv_layer", property(known, "DM_LV_LAYER")}},
               1);
    }
    if (!property(known, "ID_ATA").empty()) put_ata(page, known, device);
  }

  static void put_ata(expo::Page& page, const Properties& known, std::string_view device) {
    const auto put = [&](std::string_view name, std::string_view metric, std::string_view help) {
      double value = 0;
      if (!parse_float(property(known, name), value)) return;
      page.family(metric, help, model::MetricType::kGauge).put({{"device", device}}, value);
    };
    put("ID_ATA_WRITE_CACHE", "node_disk_ata_write_cache", "ATA disk has a write cache.");
    put("ID_ATA_WRITE_CACHE_ENABLED", "node_disk_ata_write_cache_enabled", "ATA disk has its write cache enabled.");
    put("ID_ATA_ROTATION_RATE_RPM", "node_disk_ata_rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs).");
  }

  /// None where udev is not there, as in containers.
  Properties properties(std::string_view major, std::string_view minor) {
    Properties out;
    const auto text = files_.read(fmt::format("{}/b{}:{}", udev_, major, minor));
    if (!text) return out;
    for_each_line(*text, [&](std::string_view line) {
      const std::size_t equals = line.find('=');
      if (!line.starts_with("E:") || equals == std::string_view::npos) return;
      out.emplace(line.substr(2, equals - 2), line.substr(equals + 1));
    });
    return out;
  }

  SourceFile file_;
  Filter devices_;
  SourceFiles files_;
  std::string udev_, block_;
  FieldFamilies families_;
};

}  // namespace

MadeCollector make_diskstats(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices,
             make_exclusive_filter("--collector.diskstats.device", options.diskstats_device_include,
                                   options.diskstats_device_exclude, NodeOptions().diskstats_device_exclude));
  return std::make_unique<Diskstats>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
