// Fibre Channel hosts, from /sys/class/fc_host.
// Source of what the files mean: drivers/scsi/scsi_transport_fc.c of Linux.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Counter {
  std::string_view file, name, help;
};
constexpr Counter kCounters[] = {
    {"dumped_frames", "dumped_frames_total", "Number of dumped frames"},
    {"error_frames", "error_frames_total", "Number of errors in frames"},
    {"invalid_crc_count", "invalid_crc_total", "Invalid Cyclic Redundancy Check count"},
    {"rx_frames", "rx_frames_total", "Number of frames received"},
    {"rx_words", "rx_words_total", "Number of words received by host port"},
    {"tx_frames", "tx_frames_total", "Number of frames transmitted by host port"},
    {"tx_words", "tx_words_total", "Number of words transmitted by host port"},
    {"seconds_since_last_reset", "seconds_since_last_reset_total", "Number of seconds since last host port reset"},
    {"invalid_tx_word_count", "invalid_tx_words_total", "Number of invalid words transmitted by host port"},
    {"link_failure_count", "link_failure_total", "Number of times the host port link has failed"},
    {"loss_of_sync_count", "loss_of_sync_total", "Number of failures on either bit or transmission word boundaries"},
    {"loss_of_signal_count", "loss_of_signal_total", "Number of times signal has been lost"},
    {"nos_count", "nos_total", "Number Not_Operational Primitive Sequence received by host port"},
    {"fcp_packet_aborts", "fcp_packet_aborts_total", "Number of aborted packets"},
};
/// What the kernel says of a counter that the adapter does not have: 0xffffffffffffffff.
constexpr double kNotCounted = 18446744073709551615.0;

class FibreChannel final : public Collector {
 public:
  explicit FibreChannel(const NodeContext& context)
      : files_(context.fs), folder_(context.fs, context.sys("class/fc_host")) {}
  std::string_view name() const override { return "fibrechannel"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> hosts, or_no_data(folder_.list()));
    for (const std::string& host : hosts) {
      put_info(page, host);
      // A host that is off has no statistics.
      const std::string state = text(host, "port_state");
      TOCSIN_OK(put_counters(page, host, !state.empty() && state != "Unknown"));
    }
    return {};
  }

 private:
  std::string text(const std::string& host, std::string_view file) {
    return std::string(files_.text(fmt::format("{}/{}/{}", folder_.path(), host, file)).value_or(""));
  }
  /// Without its "0x".
  std::string identifier(const std::string& host, std::string_view file) {
    std::string value = text(host, file);
    return value.size() > 2 ? value.substr(2) : value;
  }

  void put_info(expo::Page& page, const std::string& host) {
    page.family("node_fibrechannel_info", "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
                model::MetricType::kGauge)
        .put({{"fc_host", host},
              {"speed", text(host, "speed")},
              {"port_state", text(host, "port_state")},
              {"port_type", text(host, "port_type")},
              {"port_id", identifier(host, "port_id")},
              {"port_name", identifier(host, "port_name")},
              {"fabric_name", identifier(host, "fabric_name")},
              {"symbolic_name", text(host, "symbolic_name")},
              {"supported_classes", text(host, "supported_classes")},
              {"supported_speeds", text(host, "supported_speeds")},
              {"dev_loss_tmo", text(host, "dev_loss_tmo")}},
             1);
  }

  Result<void> put_counters(expo::Page& page, const std::string& host, bool counts) {
    for (const Counter& counter : kCounters) {
      std::optional<double> value = 0;
      if (counts) {
        TOCSIN_TRY(value, files_.whole(fmt::format("{}/{}/statistics/{}", folder_.path(), host, counter.file)));
      }
      if (!value || *value >= kNotCounted) continue;
      page.family(fmt::format("node_fibrechannel_{}", counter.name), counter.help, model::MetricType::kCounter)
          .put({{"fc_host", host}}, *value);
    }
    return {};
  }

  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_fibrechannel(const NodeContext& context) {
  return std::make_unique<FibreChannel>(context);
}

}  // namespace tocsin::exporters::node
