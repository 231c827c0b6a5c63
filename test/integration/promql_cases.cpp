// tocsin_promql_cases DIRECTORY SEED COUNT: writes the generator's data of that seed as a block there, and prints COUNT
// expressions, one a line. No sample lies at a whole second, or 777 ms behind one: whoever asks at such times has
// windows with no sample on an edge.
#include <cstdio>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "block/writer.hpp"
#include "support/promql_generator.hpp"

using namespace tocsin;

namespace {

/// How far above zero a series stands: what has a rate.
double height(const model::Labels& labels) {
  const std::string_view le = labels.get("le");
  if (labels.get("__name__") == "req_total" || le == "0.5") return 1000;
  if (le.empty()) return 0;
  return le == "1" ? 2000 : le == "2.5" ? 3000 : 4000;
}

storage::SampleColumns columns_of(const model::Labels& labels, const test::TwinSeries& series) {
  constexpr Timestamp kFirstReset = 600'000;  // not among the few samples of the first windows
  storage::SampleColumns out;
  double base = height(labels), before = 0;
  const bool is_rising = base != 0;
  const bool is_bucket = !labels.get("le").empty();
  for (const auto& [t, point] : series) {
    const double value = point.v;
    const Timestamp rest = t % 1000;
    out.times.push_back(rest == 0 || rest == 777 ? t + 1 : t);
    if (is_bucket || (is_rising && t < kFirstReset && value < before)) base += before;
    before = value;
    // A staleness marker is one only as long as nobody calculates with it.
    out.values.push_back(is_rising ? base + value : value);
  }
  return out;
}

Result<void> write_block(const std::string& folder, const test::TwinData& data) {
  std::set<std::string_view> symbols;
  for (const auto& [labels, series] : data) {
    for (const model::LabelView& label : labels) {
      symbols.insert(label.name);
      symbols.insert(label.value);
    }
  }
  block::Meta meta;
  meta.ulid = {0x5eedU, 0x0123456789abcdefU};
  meta.min_time = 0;
  meta.max_time = 7'200'000;
  meta.compaction.sources = {meta.ulid};
  TOCSIN_OK(posix_fs().create_directories(folder));
  TOCSIN_TRY(const auto writer, block::Writer::create(posix_fs(), folder, meta, {}));
  TOCSIN_OK(writer->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())));
  std::vector<chunkenc::EncodedChunk> chunks;
  for (const auto& [labels, series] : data) {
    const storage::SampleColumns samples = columns_of(labels, series);
    chunks.clear();
    chunkenc::encode_chunks(samples, 0, samples.size(), {}, chunks);
    if (!chunks.empty()) TOCSIN_OK(writer->add(labels, chunks));
  }
  TOCSIN_OK(writer->finish());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: tocsin_promql_cases DIRECTORY SEED COUNT\n");
    return 2;
  }
  test::PromqlGenerator generator(std::strtoull(argv[2], nullptr, 10));
  if (const auto written = write_block(argv[1], generator.data()); !written) {
    fmt::print(stderr, "{}\n", written.error().message);
    return 1;
  }
  for (auto left = std::strtoull(argv[3], nullptr, 10); left > 0; --left) fmt::print("{}\n", generator.expression(3));
  return 0;
}
