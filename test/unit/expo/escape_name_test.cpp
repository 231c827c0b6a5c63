#include "expo/escape_name.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using expo::EscapingScheme;

TEST_CASE("names are escaped as the scheme says") {
  struct Case {
    std::string name, underscores, dots, values;
  };
  const Case cases[] = {
      {"", "", "", ""},
      {"no_escapes:here9", "no_escapes:here9", "no__escapes:here9", "no_escapes:here9"},
      {"http.status_code", "http_status_code", "http_dot_status__code", "U__http_2e_status__code"},
      {"9lives", "_lives", "__lives", "U___39_lives"},
      {"a b", "a_b", "a__b", "U__a_20_b"},
      {"caf\xC3\xA9", "caf_", "caf__", "U__caf_e9_"},
      {"\xF0\x9F\x94\x94", "_", "__", "U___1f514_"},
      {"a\xFF", "a_", "a__", "U__a_fffd_"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(expo::escape_name(c.name, EscapingScheme::kAllowUtf8) == c.name);
    CHECK(expo::escape_name(c.name, EscapingScheme::kUnderscores) == c.underscores);
    CHECK(expo::escape_name(c.name, EscapingScheme::kDots) == c.dots);
    CHECK(expo::escape_name(c.name, EscapingScheme::kValues) == c.values);
  }
}

TEST_CASE("escaping schemes have the names of the parameter") {
  CHECK(expo::escaping_scheme("allow-utf-8") == EscapingScheme::kAllowUtf8);
  CHECK(expo::escaping_scheme("underscores") == EscapingScheme::kUnderscores);
  CHECK(expo::escaping_scheme("dots") == EscapingScheme::kDots);
  CHECK(expo::escaping_scheme("values") == EscapingScheme::kValues);
  CHECK_FALSE(expo::escaping_scheme("other"));
}
