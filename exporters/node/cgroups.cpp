// How many control groups each controller has, from /proc/cgroups.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Cgroups final : public Collector {
 public:
  explicit Cgroups(const NodeContext& context) : file_(context.fs, context.proc("cgroups")) {}
  std::string_view name() const override { return "cgroups"; }

  /// "cpuset 5 47 1": name, hierarchy, groups, enabled.
  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view controller = next_word(line);
      if (controller.empty() || controller.starts_with('#')) continue;
      next_word(line);
      const std::string_view groups = next_word(line), enabled = next_word(line);
      std::uint64_t count = 0, on = 0;
      if (!to_number(groups, count) || !to_number(enabled, on)) {
        return fail(Errc::kCorrupt, "{}: no numbers for {}", file_.path(), controller);
      }
      put(page, "node_cgroups_cgroups", controller, count);
      put(page, "node_cgroups_enabled", controller, on);
    }
    return {};
  }

 private:
  static void put(expo::Page& page, std::string_view name, std::string_view controller, std::uint64_t value) {
    page.family(name, "Current cgroup number of the subsystem.", model::MetricType::kGauge)
        .put({{"subsys_name", controller}}, static_cast<double>(value));
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_cgroups(const NodeContext& context) {
  return std::make_unique<Cgroups>(context);
}

}  // namespace tocsin::exporters::node
