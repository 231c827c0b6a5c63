// Swap devices and files, from /proc/swaps.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Swap final : public Collector {
 public:
  explicit Swap(const NodeContext& context) : file_(context.fs, context.proc("swaps")) {}
  std::string_view name() const override { return "swap"; }

  /// "/dev/dm-2  partition  131068  176  -2"
  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    take_line(text);  // headings
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view device = next_word(line), type = next_word(line);
      if (device.empty()) continue;
      std::uint64_t size = 0, used = 0;
      if (!to_number(next_word(line), size) || !to_number(next_word(line), used)) return wrong(device);
      const auto priority = to_whole(next_word(line));
      if (!priority) return wrong(device);
      const auto put = [&](std::string_view what, std::string_view help, double value) {
        page.family(fmt::format("node_swap_{}", what), help, model::MetricType::kGauge)
            .put({{"device", device}, {"swap_type", type}}, value);
      };
      put("size_bytes", "Swap device size in bytes.", static_cast<double>(size) * 1024);
      put("used_bytes", "Swap device used in bytes.", static_cast<double>(used) * 1024);
      put("priority", "Swap device priority.", *priority);
    }
    return {};
  }

 private:
  std::unexpected<Error> wrong(std::string_view device) const {
    return fail(Errc::kCorrupt, "{}: {}: no size, use and priority", file_.path(), device);
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_swap(const NodeContext& context) {
  return std::make_unique<Swap>(context);
}

}  // namespace tocsin::exporters::node
