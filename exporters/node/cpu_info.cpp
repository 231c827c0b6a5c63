#include "exporters/node/cpu_info.hpp"

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::exporters::node {

/// Views of the file's text.
struct CpuInfo::Processor {
  std::string_view number, vendor, family, model, model_name, stepping, microcode, megahertz, cache_size, package, core;
  std::string_view flags, bugs;

  void set(std::string_view key, std::string_view value) {
    const std::pair<std::string_view, std::string_view*> fields[] = {
        {"processor", &number},      {"vendor", &vendor},       {"vendor_id", &vendor},
        {"cpu family", &family},     {"model", &model},         {"model name", &model_name},
        {"stepping", &stepping},     {"microcode", &microcode}, {"cpu MHz", &megahertz},
        {"cache size", &cache_size}, {"physical id", &package}, {"core id", &core},
        {"flags", &flags},           {"bugs", &bugs},
    };
    for (const auto& [name, field] : fields) {
      if (name == key) *field = value;
    }
  }
};

CpuInfo::CpuInfo(const NodeContext& context)
    : file_(context.fs, context.proc("cpuinfo")), frequency_(context.options.is_enabled("cpufreq")) {}

Result<CpuInfo> CpuInfo::make(const NodeContext& context) {
  CpuInfo info(context);
  const NodeOptions& options = context.options;
  if (!options.cpu_flags_include.empty()) {
    TOCSIN_TRY(info.flags_, Filter::only("--collector.cpu.info.flags-include", options.cpu_flags_include));
  }
  if (!options.cpu_bugs_include.empty()) {
    TOCSIN_TRY(info.bugs_, Filter::only("--collector.cpu.info.bugs-include", options.cpu_bugs_include));
  }
  return info;
}

Result<void> CpuInfo::collect(expo::Page& page) {
  TOCSIN_TRY(std::string_view text, file_.read());
  Processor processor;
  bool first = true;
  const auto put_words = [&](std::string_view words, const std::optional<Filter>& filter, std::string_view field) {
    if (!filter) return;
    auto& family = page.family(
        fmt::format("node_cpu_{}_info", field),
        fmt::format("The `{}s` field of CPU information from /proc/cpuinfo taken from the first core.", field),
        model::MetricType::kGauge);
    for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
      if (filter->shows(word)) family.put({{field, word}}, 1);
    }
  };
  const auto finish = [&] {
    if (processor.number.empty()) return;
    put(page, processor);
    if (first) {
      put_words(processor.flags, flags_, "flag");
      put_words(processor.bugs, bugs_, "bug");
    }
    first = false;
    processor = {};
  };
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon));
    if (key == "processor") finish();
    processor.set(key, trim(line.substr(colon + 1)));
  }
  finish();
  return {};
}

void CpuInfo::put(expo::Page& page, const Processor& processor) const {
  page.family("node_cpu_info", "CPU information from /proc/cpuinfo.", model::MetricType::kGauge)
      .put({{"package", processor.package},
            {"core", processor.core},
            {"cpu", processor.number},
            {"vendor", processor.vendor},
            {"family", processor.family},
            {"model", processor.model},
            {"model_name", processor.model_name},
            {"microcode", processor.microcode},
            {"stepping", processor.stepping},
            {"cachesize", processor.cache_size}},
           1);
  double megahertz = 0;
  if (!frequency_ || !parse_float(processor.megahertz, megahertz)) return;
  page.family("node_cpu_frequency_hertz", "CPU frequency in hertz from /proc/cpuinfo.", model::MetricType::kGauge)
      .put({{"package", processor.package}, {"core", processor.core}, {"cpu", processor.number}}, megahertz * 1e6);
}

}  // namespace tocsin::exporters::node
