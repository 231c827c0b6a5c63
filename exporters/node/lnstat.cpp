// Counters of the network's caches by CPU, from /proc/net/stat/*: names in the first line, then a line per CPU in
// hexadecimal.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Lnstat final : public Collector {
 public:
  explicit Lnstat(const NodeContext& context)
      : folder_(context.proc("net/stat")), fs_(context.fs), files_(context.fs, 128, Pieces::kMany) {}
  std::string_view name() const override { return "lnstat"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    for (const std::string& name : names) TOCSIN_OK(put_file(page, name));
    return {};
  }

 private:
  Result<void> put_file(expo::Page& page, const std::string& subsystem) {
    const std::string path = fmt::format("{}/{}", folder_, subsystem);
    TOCSIN_TRY(std::string_view text, files_.read(path));
    const std::string_view headings = take_line(text);
    for (std::size_t cpu = 0; !text.empty(); ++cpu) {
      std::string_view line = take_line(text), names = headings;
      const std::string number = fmt::format("{}", cpu);
      for (std::string_view digits = next_word(line); !digits.empty(); digits = next_word(line)) {
        const std::string_view key = next_word(names);
        std::uint64_t value = 0;
        if (key.empty() || !to_hex_number(digits, value)) {
          return fail(Errc::kCorrupt, "{}: CPU {}: \"{}\" is no hexadecimal number with a name", path, cpu, digits);
        }
        page.family(fmt::format("node_lnstat_{}_total", key), "linux network cache stats", model::MetricType::kCounter)
            .put({{"subsystem", subsystem}, {"cpu", number}}, static_cast<double>(value));
      }
    }
    return {};
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_lnstat(const NodeContext& context) {
  return std::make_unique<Lnstat>(context);
}

}  // namespace tocsin::exporters::node
