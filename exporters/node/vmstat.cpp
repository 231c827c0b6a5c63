// Counters of virtual memory, from /proc/vmstat.

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Vmstat final : public Collector {
 public:
  Vmstat(const NodeContext& context, Filter fields)
      : fields_(std::move(fields)), file_(context.fs, context.proc("vmstat")) {}
  std::string_view name() const override { return "vmstat"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, file_.read());
    Result<void> result;
    std::size_t place = 0;
    for_each_line(text, [&](std::string_view line) {
      if (auto done = put(page, place++, line); !done && result) result = std::move(done);
    });
    return result;
  }

 private:
  Result<void> put(expo::Page& page, std::size_t place, std::string_view line) {
    const std::string_view whole = line;
    expo::CachedFamily* const family = families_.cut(place, line, [&](std::string_view key) -> expo::CachedFamily* {
      if (key.empty() || !fields_.shows(key)) return nullptr;
      return &page.family(fmt::format("node_vmstat_{}", key), fmt::format("/proc/vmstat information field {}.", key),
                          model::MetricType::kUnknown);
    });
    if (family == nullptr) return {};
    const std::string_view text = next_word(line);
    double value = 0;
    if (!parse_float(text, value)) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", file_.path(), whole);
    family->put(value);
    return {};
  }

  Filter fields_;
  SourceFile file_;
  FieldFamilies families_;
};

}  // namespace

MadeCollector make_vmstat(const NodeContext& context) {
  TOCSIN_TRY(Filter fields, Filter::only("--collector.vmstat.fields", context.options.vmstat_fields));
  return std::make_unique<Vmstat>(context, std::move(fields));
}

}  // namespace tocsin::exporters::node
