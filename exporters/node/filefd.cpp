// File descriptors of the system, from /proc/sys/fs/file-nr: allocated, free (0 since Linux 2.6), maximum.

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Filefd final : public Collector {
 public:
  explicit Filefd(const NodeContext& context) : file_(context.fs, context.proc("sys/fs/file-nr"), Pieces::kOne) {}
  std::string_view name() const override { return "filefd"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, file_.read());
    std::string_view words = trim(text);
    const std::string_view allocated = next_word(words);
    next_word(words);
    const std::string_view maximum = next_word(words);
    TOCSIN_OK(put(page, "allocated", allocated));
    return put(page, "maximum", maximum);
  }

 private:
  Result<void> put(expo::Page& page, std::string_view what, std::string_view word) {
    double value = 0;
    if (!parse_float(word, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), what, word);
    page.family(fmt::format("node_filefd_{}", what), fmt::format("File descriptor statistics: {}.", what),
                model::MetricType::kGauge)
        .put(value);
    return {};
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_filefd(const NodeContext& context) {
  return std::make_unique<Filefd>(context);
}

}  // namespace tocsin::exporters::node
