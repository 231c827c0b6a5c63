// Any bytes as a page: the parser must not crash, and must agree with its naive twin.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "expo/text_parser.hpp"
#include "support/expo_compare.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that a read behind the page is seen.
  const std::string page(reinterpret_cast<const char*>(data), size);
  const std::string difference = tocsin::test::compare_readers(page);
  if (!difference.empty()) {
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
  tocsin::expo::TextParser parser(page);
  tocsin::expo::Row row;
  while (parser.next(row) != tocsin::expo::RowKind::kEnd) {
    if (row.kind == tocsin::expo::RowKind::kError) {
      if (tocsin::expo::describe(page, parser.error()).empty()) std::abort();
      break;
    }
  }
  return 0;
}
