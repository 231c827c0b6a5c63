// Errors of memory by controller, row and channel, from /sys/devices/system/edac/mc.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// The number in a name such as "mc0"; "" if it is another name.
std::string_view number_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  const std::string_view digits = name.substr(prefix.size());
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos ? digits
                                                                                             : std::string_view();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class Edac final : public Collector {
 public:
  explicit Edac(const NodeContext& context)
      : folder_(context.fs, context.sys("devices/system/edac/mc")), files_(context.fs) {}
  std::string_view name() const override { return "edac"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& name : folder_.names()) {
      const std::string_view controller = number_of(name, "mc");
      if (!controller.empty()) TOCSIN_OK(put_controller(page, fmt::format("{}/{}", folder_.path(), name), controller));
    }
    return {};
  }

 private:
  Result<double> count(const std::string& path) {
    const auto value = files_.number(path);
    if (!value) return fail(Errc::kIo, "{}: no number can be read", path);
    return *value;
  }

  Result<void> put_controller(expo::Page& page, const std::string& folder, std::string_view controller) {
    for (const bool correctable : {true, false}) {
      TOCSIN_TRY(const double all, count(folder + (correctable ? "/ce_count" : "/ue_count")));
      page.family(correctable ? "node_edac_correctable_errors_total" : "node_edac_uncorrectable_errors_total",
                  correctable ? "Total correctable memory errors." : "Total uncorrectable memory errors.",
                  model::MetricType::kCounter)
          .put({{"controller", controller}}, all);
      TOCSIN_TRY(const double unknown, count(folder + (correctable ? "/ce_noinfo_count" : "/ue_noinfo_count")));
      put_row(page, correctable, controller, "unknown", unknown);
    }
    for (const std::string& name : files_.names(folder)) {
      const std::string_view row = number_of(name, "csrow");
      if (row.empty()) continue;
      const std::string row_folder = fmt::format("{}/{}", folder, name);
      for (const bool correctable : {true, false}) {
        TOCSIN_TRY(const double errors, count(row_folder + (correctable ? "/ce_count" : "/ue_count")));
        put_row(page, correctable, controller, row, errors);
      }
      TOCSIN_OK(put_channels(page, row_folder, controller, row));
    }
    return {};
  }

  static void put_row(expo::Page& page, bool correctable, std::string_view controller, std::string_view row,
                      double errors) {
    page.family(fmt::format("node_edac_csrow_{}correctable_errors_total", correctable ? "" : "un"),
                fmt::format("Total {}correctable memory errors for this csrow.", correctable ? "" : "un"),
                model::MetricType::kCounter)
        .put({{"controller", controller}, {"csrow", row}}, errors);
  }

  Result<void> put_channels(expo::Page& page, const std::string& folder, std::string_view controller,
                            std::string_view row) {
    for (const std::string& name : files_.names(folder)) {
      if (!name.ends_with("_ce_count")) continue;
      const std::string_view channel =
          number_of(std::string_view(name).substr(0, name.size() - std::string_view("_ce_count").size()), "ch");
      if (channel.empty()) continue;
      const std::string label = dimm_label(fmt::format("{}/ch{}_dimm_label", folder, channel));
      const auto put = [&](std::string_view kind, double errors) {
        page.family(fmt::format("node_edac_channel_{}_errors_total", kind),
                    fmt::format("Total {} memory errors for this channel.", kind), model::MetricType::kCounter)
            .put({{"controller", controller}, {"csrow", row}, {"channel", channel}, {"dimm_label", label}}, errors);
      };
      TOCSIN_TRY(const double correctable, count(fmt::format("{}/{}", folder, name)));
      put("correctable", correctable);
      // Not every kernel has them by channel.
      if (const auto errors = files_.number(fmt::format("{}/ch{}_ue_count", folder, channel))) {
        put("uncorrectable", *errors);
      }
    }
    return {};
  }

  /// "mc#0csrow#0channel#0" is shown as "mc0_csrow0_channel0".
  std::string dimm_label(const std::string& path) {
    const auto text = files_.text(path);
    if (!text) return "unknown";
    return replaced(replaced(replaced(std::string(*text), "#", ""), "csrow", "_csrow"), "channel", "_channel");
  }

  SourceFolder folder_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_edac(const NodeContext& context) {
  return std::make_unique<Edac>(context);
}

}  // namespace tocsin::exporters::node
