// Any bytes as a page that promtool's reader and lint look at: no crash, and an error has a text.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "expo/lint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view page(reinterpret_cast<const char*>(data), size);
  for (const auto read : {tocsin::expo::read_text_families, tocsin::expo::read_openmetrics_families}) {
    const auto families = read(page);
    if (!families) {
      if (families.error().empty()) std::abort();
      continue;
    }
    for (const auto& problem : tocsin::expo::lint(*families)) {
      if (problem.metric.empty() || problem.text.empty()) std::abort();
    }
  }
  return 0;
}
