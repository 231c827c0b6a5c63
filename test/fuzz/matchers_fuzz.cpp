// Any bytes as matchers: neither grammar may crash, and what one reads must print as something that it reads alike.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/matcher_parser.hpp"

namespace {

using Parse = tocsin::Result<std::vector<tocsin::model::Matcher>> (*)(std::string_view);

void round_trip(Parse parse, const std::string& text) {
  const auto read = parse(text);
  if (!read) return;
  const auto again = parse(tocsin::config::matchers_text(*read));
  if (!again || *again != *read) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  round_trip(tocsin::config::parse_matchers_utf8, text);
  round_trip(tocsin::config::parse_matchers_classic, text);
  (void)tocsin::config::parse_matchers(text);
  (void)tocsin::config::parse_matcher(text);
  return 0;
}
