#pragma once
// Where the corpora are, and how their files are read.

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

namespace tocsin::test {

/// The folder, or nothing with a warning: then the test has nothing to compare with.
inline std::optional<std::string> corpora() {
  const char* const folder = std::getenv("TOCSIN_CORPORA");
  if (folder != nullptr && *folder != '\0') return folder;
  WARN("TOCSIN_CORPORA is not set: nothing was compared");
  return std::nullopt;
}

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace tocsin::test
