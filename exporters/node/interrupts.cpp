// Interrupts by CPU and kind: /proc/interrupts and /proc/softirqs, two collectors with one form of file.

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// How many CPUs the line of headings names.
std::size_t count_words(std::string_view line) {
  std::size_t count = 0;
  while (!next_word(line).empty()) ++count;
  return count;
}

class Interrupts final : public Collector {
 public:
  Interrupts(const NodeContext& context, Filter names)
      : file_(context.fs, context.proc("interrupts")),
        names_(std::move(names)),
        include_zeros_(context.options.interrupts_include_zeros) {}
  std::string_view name() const override { return "interrupts"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    const std::size_t cpus = count_words(take_line(text));
    if (cpus == 0) return fail(Errc::kCorrupt, "{}: no CPUs", file_.path());
    while (!text.empty()) TOCSIN_OK(put_line(page, take_line(text), cpus));
    return {};
  }

 private:
  /// "  1:      17960        105  IR-IO-APIC-edge      i8042"; a line with fewer numbers (ERR, MIS) is passed over.
  Result<void> put_line(expo::Page& page, std::string_view line, std::size_t cpus) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    const std::string_view type = trim(line.substr(0, colon));
    line.remove_prefix(colon + 1);
    std::vector<std::string_view> words;
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) words.push_back(word);
    if (words.size() < cpus + 1) return {};
    std::uint64_t number = 0;
    const bool numbered = to_number(type, number);
    const std::size_t devices_at = numbered ? cpus + 1 : words.size();
    const std::string info = joined(words, cpus, devices_at), devices = joined(words, devices_at, words.size());
    if (!names_.shows(fmt::format("{};{};{}", type, info, devices))) return {};
    auto& family = page.family("node_interrupts_total", "Interrupt details.", model::MetricType::kCounter);
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      double value = 0;
      if (!parse_float(words[cpu], value)) {
        return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), type, words[cpu]);
      }
      if (value == 0 && !include_zeros_) continue;
      family.put({{"cpu", fmt::format("{}", cpu)}, {"type", type}, {"info", info}, {"devices", devices}}, value);
    }
    return {};
  }

  static std::string joined(const std::vector<std::string_view>& words, std::size_t begin, std::size_t end) {
    std::string out;
    for (std::size_t i = begin; i < end; ++i) out.append(i > begin ? " " : "").append(words[i]);
    return out;
  }

  SourceFile file_;
  Filter names_;
  bool include_zeros_;
};

class Softirqs final : public Collector {
 public:
  explicit Softirqs(const NodeContext& context) : file_(context.fs, context.proc("softirqs")) {}
  std::string_view name() const override { return "softirqs"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    take_line(text);  // the CPUs
    auto& family = page.family("node_softirqs_functions_total", "Softirq counts per CPU.", model::MetricType::kCounter);
    while (!text.empty()) {
      std::string_view line = take_line(text);
      std::string_view type = next_word(line);
      if (!type.ends_with(':')) continue;
      type.remove_suffix(1);
      std::size_t cpu = 0;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line), ++cpu) {
        double value = 0;
        if (!parse_float(word, value)) {
          return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), type, word);
        }
        family.put({{"cpu", fmt::format("{}", cpu)}, {"type", type}}, value);
      }
    }
    return {};
  }

 private:
  SourceFile file_;
};

}  // namespace

MadeCollector make_interrupts(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter names, Filter::make("--collector.interrupts.name", options.interrupts_name_include,
                                        options.interrupts_name_exclude));
  return std::make_unique<Interrupts>(context, std::move(names));
}

MadeCollector make_softirqs(const NodeContext& context) {
  return std::make_unique<Softirqs>(context);
}

}  // namespace tocsin::exporters::node
