// Any bytes as a page of OpenMetrics: the parser must not crash, must agree with its naive twin, and takes what the
// specification allows.

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "expo/openmetrics_check.hpp"
#include "expo/openmetrics_created.hpp"
#include "expo/openmetrics_parser.hpp"
#include "support/expo_compare.hpp"

namespace {

using namespace tocsin;

struct Seen {
  expo::RowKind kind;
  std::string series;
  std::uint64_t value = 0;
  Timestamp start = 0;
};

/// The rows of a page. With `known`, each series is tried as a known one first.
std::vector<Seen> read(const std::string& page, bool starts, const std::vector<Seen>* known = nullptr) {
  expo::OpenMetricsParser parser(page, starts);
  std::vector<Seen> out;
  expo::Row row;
  auto type = model::MetricType::kUnknown;
  do {
    std::string_view expected;
    if (known != nullptr && out.size() < known->size()) expected = (*known)[out.size()].series;
    if (expected.empty() || !parser.next_known("", expected, row)) parser.next(row);
    if (row.kind == expo::RowKind::kType) type = row.type;
    const bool is_series = row.kind == expo::RowKind::kSeries;
    if (!starts && is_series && expo::has_start(type) && expo::is_created_series(row.series)) continue;
    out.push_back({row.kind, is_series ? std::string(row.series) : "",
                   is_series ? std::bit_cast<std::uint64_t>(row.value) : 0, is_series ? row.start : 0});
  } while (row.kind != expo::RowKind::kEnd && row.kind != expo::RowKind::kError);
  return out;
}

/// Start timestamps change no row, they take `_created` lines away; and known series have them, too.
void check_starts(const std::string& page) {
  const std::vector<Seen> plain = read(page, false), started = read(page, true), again = read(page, true, &started);
  check(plain.size() == started.size() && plain.size() == again.size(), "BUG: starts take rows away");
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool same =
        plain[i].kind == started[i].kind && plain[i].series == started[i].series && plain[i].value == started[i].value;
    check(same && plain[i].start == 0, "BUG: starts change a row");
    const bool same_again = again[i].kind == started[i].kind && again[i].series == started[i].series &&
                            again[i].value == started[i].value && again[i].start == started[i].start;
    check(same_again, "BUG: known series differ");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that a read behind the page is seen.
  const std::string page(reinterpret_cast<const char*>(data), size);
  const auto format = tocsin::expo::PageFormat::kOpenMetrics;
  const std::string difference = tocsin::test::compare_readers(page, format);
  if (!difference.empty()) {
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
  check_starts(page);
  const auto parser = tocsin::expo::make_parser(format, page);
  tocsin::expo::Row row;
  while (parser->next(row) != tocsin::expo::RowKind::kEnd) {
    if (row.kind == tocsin::expo::RowKind::kError) {
      if (tocsin::expo::describe(page, parser->error()).empty()) std::abort();
      break;
    }
  }
  const auto violation = tocsin::expo::check_openmetrics(page);
  if (violation && violation->message.empty()) std::abort();
  // The scraper's lexer stumbles over some zero bytes that the specification allows.
  const bool has_zero = page.find('\0') != std::string::npos;
  if (!violation && !has_zero && row.kind == tocsin::expo::RowKind::kError) {
    std::fprintf(stderr, "allowed by the specification, and not read\n");
    std::abort();
  }
  return 0;
}
