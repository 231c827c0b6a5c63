#include <array>
#include <cstdio>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "ctl/tsdb_blocks.hpp"

namespace tocsin::ctl {
namespace {

using Row = std::array<std::string, 8>;

/// As Go's time.Time prints in UTC: "2026-01-02 03:04:05 +0000 UTC".
std::string time_text(Timestamp t, bool human_readable) {
  if (!human_readable) return fmt::format("{}", t);
  std::string text = format_rfc3339(t / 1000 * 1000);  // "2026-01-02T03:04:05Z"
  text.pop_back();
  return replace_all(std::move(text), "T", " ") + " +0000 UTC";
}

/// "1MiB20KiB3B", every unit that is not zero: as alecthomas/units prints Base2Bytes.
std::string bytes_text(std::uint64_t bytes, bool human_readable) {
  if (!human_readable || bytes == 0) return fmt::format("{}{}", bytes, human_readable ? "B" : "");
  std::string text;
  for (const char* const unit : {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}) {
    if (bytes % 1024 != 0) text.insert(0, fmt::format("{}{}", bytes % 1024, unit));
    bytes /= 1024;
  }
  return text;
}

Row row_of(const block::Block& block, bool human_readable) {
  const block::Meta& meta = block.meta();
  const std::chrono::milliseconds duration(meta.max_time - meta.min_time);
  return {meta.ulid.text(),
          time_text(meta.min_time, human_readable),
          time_text(meta.max_time, human_readable),
          format_go_duration(duration),
          fmt::format("{}", meta.stats.samples),
          fmt::format("{}", meta.stats.chunks),
          fmt::format("{}", meta.stats.series),
          bytes_text(block.bytes(), human_readable)};
}

/// Columns as Go's tabwriter sets them: at least 13 wide, two spaces between.
void print(const std::vector<Row>& rows) {
  std::array<std::size_t, 8> widths{};
  widths.fill(13);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size() + 2);
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) fmt::print("{:<{}}", row[i], widths[i]);
    fmt::print("{}\n", row.back());
  }
}

}  // namespace

void print_blocks(std::span<const std::shared_ptr<block::Block>> blocks, bool human_readable) {
  std::vector<Row> rows = {
      {"BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE"}};
  for (const auto& block : blocks) rows.push_back(row_of(*block, human_readable));
  print(rows);
}

}  // namespace tocsin::ctl
