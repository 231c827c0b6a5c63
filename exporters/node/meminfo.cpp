#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// `Active(anon)` becomes Active_anon; a value in kB becomes a field in bytes.
std::string field_name(std::string_view key, bool kilobytes) {
  std::string name;
  for (const char c : key) {
    if (c == '(') {
      name += '_';
    } else if (c != ')' && c != ':') {
      name += c;
    }
  }
  return kilobytes ? name + "_bytes" : name;
}

class Meminfo final : public Collector {
 public:
  Meminfo(const NodeOptions& options, Fs& fs) : file_(fs, options.procfs + "/meminfo", Pieces::kOne) {}
  std::string_view name() const override { return "meminfo"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, file_.read());
    std::size_t line_number = 0;
    Result<void> result;
    for_each_line(text, [&](std::string_view line) {
      if (auto put = put_line(page, line, line_number++); !put && result) result = std::move(put);
    });
    return result;
  }

 private:
  /// The kernel writes the same fields in the same order each time, so the family of a line is remembered.
  struct Field {
    std::string key;
    expo::CachedFamily* family = nullptr;
    bool kilobytes = false;
  };

  Result<void> put_line(expo::Page& page, std::string_view line, std::size_t number) {
    if (number >= fields_.size()) fields_.resize(number + 1);
    Field& field = fields_[number];
    std::string_view key = field.key;
    if (!key.empty() && line.starts_with(key) && line.substr(key.size()).starts_with(' ')) {
      line.remove_prefix(key.size());
    } else {
      key = next_word(line);
    }
    if (key.empty()) return {};
    std::uint64_t value = 0;
    const std::string_view digits = next_word(line);
    if (!to_number(digits, value)) return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", file_.path(), key, digits);
    const bool kilobytes = line == " kB" || next_word(line) == "kB";
    if (field.key != key || field.kilobytes != kilobytes) {
      const std::string name = field_name(key, kilobytes);
      const bool counter = name.ends_with("_total");
      field = Field{std::string(key),
                    &page.family("node_memory_" + name, "Memory information field " + name + ".",
                                 counter ? model::MetricType::kCounter : model::MetricType::kGauge),
                    kilobytes};
    }
    field.family->put(static_cast<double>(kilobytes ? value * 1024 : value));
    return {};
  }

  SourceFile file_;
  std::vector<Field> fields_;
};

}  // namespace

MadeCollector make_meminfo(const NodeContext& context) {
  return std::make_unique<Meminfo>(context.options, context.fs);
}

}  // namespace tocsin::exporters::node
