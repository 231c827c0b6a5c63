#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Loadavg final : public Collector {
 public:
  Loadavg(const NodeOptions& options, Fs& fs) : file_(fs, options.procfs + "/loadavg", Pieces::kOne) {}
  std::string_view name() const override { return "loadavg"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view line, file_.read());
    static constexpr std::string_view kNames[] = {"node_load1", "node_load5", "node_load15"};
    static constexpr std::string_view kHelps[] = {"1m load average.", "5m load average.", "15m load average."};
    for (std::size_t i = 0; i < 3; ++i) {
      double value = 0;
      const std::string_view word = next_word(line);
      if (!parse_float(word, value)) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", file_.path(), word);
      page.family(kNames[i], kHelps[i], model::MetricType::kGauge).put(value);
    }
    return {};
  }

 private:
  SourceFile file_;
};

}  // namespace

MadeCollector make_loadavg(const NodeContext& context) {
  return std::make_unique<Loadavg>(context.options, context.fs);
}

}  // namespace tocsin::exporters::node
