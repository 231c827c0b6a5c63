// The distribution, from /etc/os-release or /usr/lib/os-release (os-release(5)).

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "base/time.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// A value as a shell would read it: quotes go, a backslash takes the next character as it is.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') || text.back() != text.front()) {
    return std::string(text);
  }
  const bool plain = text.front() == '\'';
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!plain && text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

class Os final : public Collector {
 public:
  explicit Os(const NodeContext& context)
      : etc_(context.fs, context.options.rootfs + "/etc/os-release", Pieces::kOne),
        usr_(context.fs, context.options.rootfs + "/usr/lib/os-release", Pieces::kOne) {}
  std::string_view name() const override { return "os"; }

  Result<void> collect(expo::Page& page) override {
    auto text = etc_.read();
    if (!text && text.error().code == Errc::kNotFound) text = or_no_data(usr_.read());
    if (!text) return fail(std::move(text).error());
    if (*text != text_) look_at(*text);
    auto& fields = fields_;
    page.family("node_os_info",
                "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, "
                "name, pretty_name, variant, variant_id, version, version_codename, version_id.",
                model::MetricType::kGauge)
        .put({{"build_id", fields["BUILD_ID"]},
              {"id", fields["ID"]},
              {"id_like", fields["ID_LIKE"]},
              {"image_id", fields["IMAGE_ID"]},
              {"image_version", fields["IMAGE_VERSION"]},
              {"name", fields["NAME"]},
              {"pretty_name", fields["PRETTY_NAME"]},
              {"variant", fields["VARIANT"]},
              {"variant_id", fields["VARIANT_ID"]},
              {"version", fields["VERSION"]},
              {"version_codename", fields["VERSION_CODENAME"]},
              {"version_id", fields["VERSION_ID"]}},
             1);
    put_version(page, fields["VERSION_ID"], fields["ID"], fields["ID_LIKE"], fields["NAME"]);
    return put_support_end(page, fields["SUPPORT_END"]);
  }

 private:
  void look_at(std::string_view text) {
    fields_.clear();
    for_each_line(text, [&](std::string_view line) {
      line = trim(line);
      const std::size_t equals = line.find('=');
      if (line.starts_with('#') || equals == std::string_view::npos) return;
      fields_.insert_or_assign(std::string(line.substr(0, equals)), unquoted(line.substr(equals + 1)));
    });
    text_ = text;
  }

  /// "20.04.2" is 20.04.
  static void put_version(expo::Page& page, std::string_view text, std::string_view id, std::string_view id_like,
                          std::string_view name) {
    std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    if (end == 0) return;
    if (end < text.size() && text[end] == '.')
      end = std::min(text.find_first_not_of("0123456789", end + 1), text.size());
    double version = 0;
    if (!parse_float(text.substr(0, end), version) || version <= 0) return;
    page.family("node_os_version", "Metric containing the major.minor part of the OS version.",
                model::MetricType::kGauge)
        .put({{"id", id}, {"id_like", id_like}, {"name", name}}, version);
  }

  static Result<void> put_support_end(expo::Page& page, const std::string& day) {
    if (day.empty()) return {};
    Timestamp end = 0;
    if (!parse_rfc3339(day + "T00:00:00Z", end)) return fail(Errc::kCorrupt, "SUPPORT_END is no day: \"{}\"", day);
    page.family("node_os_support_end_timestamp_seconds", "Metric containing the end-of-life date timestamp of the OS.",
                model::MetricType::kGauge)
        .put(static_cast<double>(end) / 1000);
    return {};
  }

  SourceFile etc_, usr_;
  std::string text_;  // what fields_ were read from
  std::map<std::string, std::string, std::less<>> fields_;
};

}  // namespace

MadeCollector make_os(const NodeContext& context) {
  return std::make_unique<Os>(context);
}

}  // namespace tocsin::exporters::node
