// Block devices mirrored over the network: /proc/drbd, of DRBD up to 8.4.
// Source of what the fields mean: the DRBD 8.4 user's guide, "Performance indicators".

#include <algorithm>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Number {
  std::string_view key, name, help;
  double factor = 1;
};
constexpr Number kNumbers[] = {
    {"ns", "network_sent_bytes_total", "Total number of bytes sent via the network.", 1024},
    // Kibibytes too, but node_exporter shows the number as it is.
    {"nr", "network_received_bytes_total", "Total number of bytes received via the network."},
    {"dw", "disk_written_bytes_total", "Net data written on local hard disk; in bytes.", 1024},
    {"dr", "disk_read_bytes_total", "Net data read from local hard disk; in bytes.", 1024},
    {"al", "activitylog_writes_total", "Number of updates of the activity log area of the meta data."},
    {"bm", "bitmap_writes_total", "Number of updates of the bitmap area of the meta data."},
    {"lo", "local_pending", "Number of open requests to the local I/O sub-system."},
    {"pe", "remote_pending", "Number of requests sent to the peer, but that have not yet been answered by the latter."},
    {"ua", "remote_unacknowledged",
     "Number of requests received by the peer via the network connection, but that have not yet been answered."},
    {"ap", "application_pending", "Number of block I/O requests forwarded to DRBD, but not yet answered by DRBD."},
    {"ep", "epochs", "Number of Epochs currently on the fly."},
    {"oos", "out_of_sync_bytes", "Amount of data known to be out of sync; in bytes.", 1024},
};

class Drbd final : public Collector {
 public:
  explicit Drbd(const NodeContext& context) : file_(context.fs, context.proc("drbd")) {}
  std::string_view name() const override { return "drbd"; }

  /// Words such as "1:" (a device begins), "cs:Connected", "ro:Primary/Secondary", "ns:17324442".
  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    std::string device = "unknown";
    for (std::string_view word = next_field(text); !word.empty(); word = next_field(text)) {
      const std::size_t colon = word.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string_view key = word.substr(0, colon), value = word.substr(colon + 1);
      std::uint64_t number = 0;
      if (value.empty() && to_number(key, number)) {
        device = fmt::format("drbd{}", number);
      } else if (key == "cs") {
        page.family("node_drbd_connected", "Whether DRBD is connected to the peer.", model::MetricType::kGauge)
            .put({{"device", device}}, value == "Connected" ? 1 : 0);
      } else if (key == "ro") {
        TOCSIN_OK(put_pair(page, "node_drbd_node_role_is_primary",
                           "Whether the role of the node is in the primary state.", device, value, "Primary"));
      } else if (key == "ds") {
        TOCSIN_OK(put_pair(page, "node_drbd_disk_state_is_up_to_date", "Whether the disk of the node is up to date.",
                           device, value, "UpToDate"));
      } else {
        TOCSIN_OK(put_number(page, device, key, value));
      }
    }
    return {};
  }

 private:
  Result<void> put_pair(expo::Page& page, std::string_view name, std::string_view help, const std::string& device,
                        std::string_view value, std::string_view good) const {
    const std::size_t slash = value.find('/');
    if (slash == std::string_view::npos) {
      return fail(Errc::kCorrupt, "{}: {}: no pair: \"{}\"", file_.path(), device, value.substr(0, 100));
    }
    auto& family = page.family(name, help, model::MetricType::kGauge);
    family.put({{"device", device}, {"node", "local"}}, value.substr(0, slash) == good ? 1 : 0);
    family.put({{"device", device}, {"node", "remote"}}, value.substr(slash + 1) == good ? 1 : 0);
    return {};
  }

  Result<void> put_number(expo::Page& page, const std::string& device, std::string_view key,
                          std::string_view value) const {
    const auto known = std::ranges::find(kNumbers, key, &Number::key);
    if (known == std::end(kNumbers)) return {};
    std::uint64_t number = 0;
    if (!to_number(value, number)) {
      return fail(Errc::kCorrupt, "{}: {}: no number: \"{}:{}\"", file_.path(), device, key, value.substr(0, 100));
    }
    page.family(fmt::format("node_drbd_{}", known->name), known->help,
                known->name.ends_with("_total") ? model::MetricType::kCounter : model::MetricType::kGauge)
        .put({{"device", device}}, static_cast<double>(number) * known->factor);
    return {};
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_drbd(const NodeContext& context) {
  return std::make_unique<Drbd>(context);
}

}  // namespace tocsin::exporters::node
