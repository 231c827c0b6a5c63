#include "base/json_scan.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace tocsin;

namespace {

template <JsonPlain kind>
void check_all_places() {
  std::size_t wrong = 0;  // counted, not checked one by one: there are 220,000
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        if (at < size) text[at] = static_cast<char>(byte);
        const char* const end = text.data() + text.size();
        const auto found = json_plain_end<kind>(text.data(), end) - text.data();
        if (found == internal::plain_end_by_table<kind>(text.data(), end) - text.data()) continue;
        if (++wrong == 1) UNSCOPED_INFO("byte " << byte << " at " << at << " of " << size << ": " << found);
      }
    }
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("The end of the plain part is found wherever it is, as the loop over the table finds it", "[base]") {
  check_all_places<JsonPlain::kAll>();
  check_all_places<JsonPlain::kHtml>();
}

TEST_CASE("What is plain depends on who reads it", "[base]") {
  const std::string text = "no quotes: a < b";
  const char* const end = text.data() + text.size();
  CHECK(json_plain_end<JsonPlain::kAll>(text.data(), end) == end);
  CHECK(json_plain_end<JsonPlain::kHtml>(text.data(), end) - text.data() == 13);
}
