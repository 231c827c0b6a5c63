// Free blocks of memory by size, from /proc/buddyinfo.

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Buddyinfo final : public Collector {
 public:
  explicit Buddyinfo(const NodeContext& context) : file_(context.fs, context.proc("buddyinfo")) {}
  std::string_view name() const override { return "buddyinfo"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    auto& family =
        page.family("node_buddyinfo_blocks", "Count of free blocks according to size.", model::MetricType::kGauge);
    while (!text.empty()) {
      // "Node 0, zone      DMA      1      0      1"
      std::string_view line = take_line(text);
      if (next_word(line) != "Node") continue;
      std::string_view node = next_word(line);
      if (node.ends_with(',')) node.remove_suffix(1);
      next_word(line);
      const std::string_view zone = next_word(line);
      std::size_t size = 0;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line), ++size) {
        double blocks = 0;
        if (!parse_float(word, blocks)) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", file_.path(), word);
        family.put({{"node", node}, {"zone", zone}, {"size", fmt::format("{}", size)}}, blocks);
      }
    }
    return {};
  }

 private:
  SourceFile file_;
};

}  // namespace

MadeCollector make_buddyinfo(const NodeContext& context) {
  return std::make_unique<Buddyinfo>(context);
}

}  // namespace tocsin::exporters::node
