// The test cases of the OpenMetrics project, by the specification's verdict.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "expo/openmetrics_check.hpp"
#include "support/expo_compare.hpp"

using namespace tocsin;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("every OpenMetrics test case gets the specification's verdict") {
  const char* folder = std::getenv("TOCSIN_CORPORA");
  if (folder == nullptr) {
    WARN("TOCSIN_CORPORA is not set: the OpenMetrics test cases were not read");
    return;
  }
  std::size_t good = 0, bad = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(folder) + "/exposition/openmetrics")) {
    INFO(entry.path().filename().string());
    const std::string page = read_file(entry.path() / "metrics");
    const std::string verdict = read_file(entry.path() / "test.json");
    const bool is_good = verdict.find("\"shouldParse\": true") != std::string::npos ||
                         verdict.find("\"shouldParse\":true") != std::string::npos;
    const auto violation = expo::check_openmetrics(page);
    const std::string found =
        violation ? fmt::format("{}:{}: {}", violation->line, violation->column, violation->message) : "";
    INFO(found);
    CHECK(!violation == is_good);
    CHECK(test::compare_readers(page, expo::PageFormat::kOpenMetrics) == "");
    ++(is_good ? good : bad);
  }
  CHECK(good >= 31);
  CHECK(bad >= 117);
}
