// The kernel's settings that the flags name, from /proc/sys: numbers, or texts as labels.

#include <algorithm>
#include <charconv>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// "fs.file-nr:total,current,max": the setting, and names of its values if there are several.
struct Setting {
  std::string name;
  std::vector<std::string> keys;
  bool numeric = false;
};

Setting parse_setting(std::string_view text, bool numeric) {
  const std::size_t colon = text.find(':');
  Setting setting{std::string(text.substr(0, colon)), {}, numeric};
  if (colon == std::string_view::npos) return setting;
  for (const std::string_view key : split(text.substr(colon + 1), ',')) setting.keys.emplace_back(key);
  return setting;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Each run of other characters becomes one _, together with the _ around it; _ alone stay.
std::string metric_name(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t other = std::min(name.find_first_not_of('_', at), name.size());
    if (other == name.size() || is_name_character(name[other])) {
      out += name.substr(at, std::min(other + 1, name.size()) - at);
      at = other + 1;
      continue;
    }
    at = other;
    while (at < name.size() && name[at] != '_' && !is_name_character(name[at])) ++at;
    at = std::min(name.find_first_not_of('_', at), name.size());
    out += '_';
  }
  return out;
}

class Sysctl final : public Collector {
 public:
  Sysctl(const NodeContext& context, std::vector<Setting> settings)
      : folder_(context.proc("sys")), files_(context.fs), settings_(std::move(settings)) {}
  std::string_view name() const override { return "sysctl"; }

  /// A setting that fails does not take the others with it; the first error is the answer.
  Result<void> collect(expo::Page& page) override {
    Result<void> result;
    for (const Setting& setting : settings_) {
      if (auto done = put(page, setting); !done && result) result = std::move(done);
    }
    return result;
  }

 private:
  Result<void> put(expo::Page& page, const Setting& setting) {
    const std::string path = fmt::format("{}/{}", folder_, replace_all(setting.name, ".", "/"));
    TOCSIN_TRY(std::string_view text, files_.read(path));
    std::vector<std::string_view> values;
    for (std::string_view word = next_field(text); !word.empty(); word = next_field(text)) values.push_back(word);
    if (values.empty()) return fail(Errc::kCorrupt, "{}: no values", path);
    if (!setting.keys.empty() && setting.keys.size() != values.size()) {
      return fail(Errc::kInvalid, "{}: {} values, and {} names for them in the flag", path, values.size(),
                  setting.keys.size());
    }
    if (!setting.numeric) {
      put_info(page, setting, values);
      return {};
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::int64_t value = 0;
      const auto [end, status] = std::from_chars(values[i].data(), values[i].data() + values[i].size(), value);
      if (status != std::errc() || end != values[i].data() + values[i].size()) {
        return fail(Errc::kCorrupt, "{}: no number: \"{}\"", path, values[i]);
      }
      put_number(page, setting, i, values.size(), static_cast<double>(value));
    }
    return {};
  }

  static void put_number(expo::Page& page, const Setting& setting, std::size_t i, std::size_t count, double value) {
    const std::string name = fmt::format("node_sysctl_{}", metric_name(setting.name));
    if (!setting.keys.empty()) {
      page.family(fmt::format("{}_{}", name, setting.keys[i]), fmt::format("sysctl {}, field {}", setting.name, i),
                  model::MetricType::kUnknown)
          .put(value);
      return;
    }
    auto& family = page.family(name, fmt::format("sysctl {}", setting.name), model::MetricType::kUnknown);
    if (count == 1) {
      family.put(value);
    } else {
      family.put({{"index", fmt::format("{}", i)}}, value);
    }
  }

  static void put_info(expo::Page& page, const Setting& setting, const std::vector<std::string_view>& values) {
    auto& family = page.family("node_sysctl_info", "sysctl info", model::MetricType::kGauge);
    for (std::size_t i = 0; i < values.size(); ++i) {
      family.put({{"name", setting.name}, {"value", values[i]}, {"index", fmt::format("{}", i)}}, 1);
    }
  }

  std::string folder_;
  SourceFiles files_;
  std::vector<Setting> settings_;
};

}  // namespace

MadeCollector make_sysctl(const NodeContext& context) {
  std::vector<Setting> settings;
  for (const std::string& text : context.options.sysctl_include) settings.push_back(parse_setting(text, true));
  for (const std::string& text : context.options.sysctl_include_info) {
    settings.push_back(parse_setting(text, false));
    if (!settings.back().keys.empty()) {
      return fail(Errc::kInvalid, "--collector.sysctl.include-info: texts have no names: \"{}\"", text);
    }
  }
  return std::make_unique<Sysctl>(context, std::move(settings));
}

}  // namespace tocsin::exporters::node
