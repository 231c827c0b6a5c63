// Tape drives, from /sys/class/scsi_tape.
// Source of what the files mean: Documentation/scsi/st.rst of Linux.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Statistic {
  std::string_view file, name, help;
  double factor = 1;
  model::MetricType type = model::MetricType::kCounter;
};
constexpr double kNanosecond = 0.000000001;
constexpr Statistic kStatistics[] = {
    {"in_flight", "io_now", "The number of I/Os currently outstanding to this device.", 1, model::MetricType::kGauge},
    {"io_ns", "io_time_seconds_total",
     "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement "
     "commands such as seeking between file or set marks and implicit tape movement such as when rewind on close tape "
     "devices are used.",
     kNanosecond},
    {"other_cnt", "io_others_total",
     "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these "
     "commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"},
    {"read_byte_cnt", "read_bytes_total", "The number of bytes read from the tape drive."},
    {"read_cnt", "reads_completed_total", "The number of read requests issued to the tape drive."},
    {"read_ns", "read_time_seconds_total", "The amount of time spent waiting for read requests to complete.",
     kNanosecond},
    {"resid_cnt", "residual_total",
     "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a "
     "program is issuing a read larger thean the block size on tape. For write not all data made it to tape."},
    {"write_byte_cnt", "written_bytes_total", "The number of bytes written to the tape drive."},
    {"write_cnt", "writes_completed_total", "The number of write requests issued to the tape drive."},
    {"write_ns", "write_time_seconds_total", "The amount of time spent waiting for write requests to complete.",
     kNanosecond},
};

/// "st0"; not its other names, "nst0" (without rewinding) and "st0a" (with another mode).
bool is_drive(std::string_view name) {
  return name.size() > 2 && name.starts_with("st") && name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

class Tapestats final : public Collector {
 public:
  Tapestats(const NodeContext& context, Filter shown)
      : files_(context.fs), folder_(context.fs, context.sys("class/scsi_tape")), shown_(std::move(shown)) {}
  std::string_view name() const override { return "tapestats"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> devices, or_no_data(folder_.list()));
    for (const std::string& device : devices) {
      if (!is_drive(device) || !shown_.shows(device)) continue;
      for (const Statistic& statistic : kStatistics) {
        TOCSIN_TRY(const std::optional<double> value,
                   files_.whole(fmt::format("{}/{}/stats/{}", folder_.path(), device, statistic.file)));
        if (!value) continue;
        page.family(fmt::format("node_tape_{}", statistic.name), statistic.help, statistic.type)
            .put({{"device", device}}, *value * statistic.factor);
      }
    }
    return {};
  }

 private:
  SourceFiles files_;
  SourceFolder folder_;
  Filter shown_;
};

}  // namespace

MadeCollector make_tapestats(const NodeContext& context) {
  TOCSIN_TRY(Filter shown,
             Filter::except("--collector.tapestats.ignored-devices", context.options.tapestats_ignored_devices));
  return std::make_unique<Tapestats>(context, std::move(shown));
}

}  // namespace tocsin::exporters::node
