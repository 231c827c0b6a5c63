// Pages of the exposition corpora, by Prometheus' own parser's verdict, and real exporters' pages.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "support/expo_compare.hpp"

using namespace tocsin;

namespace {

std::string corpora() {
  const char* folder = std::getenv("TOCSIN_CORPORA");
  if (folder == nullptr) WARN("TOCSIN_CORPORA is not set: the exposition corpora were not read");
  return folder == nullptr ? "" : folder;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t count_series(const test::NaivePage& page) {
  return static_cast<std::size_t>(std::count_if(page.rows.begin(), page.rows.end(),
                                                [](const auto& row) { return row.kind == test::NaiveRow::kSeries; }));
}

}  // namespace

TEST_CASE("the corpora's text pages are read whole, as the naive twin reads them") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  const std::pair<std::string, std::size_t> pages[] = {
      {"exposition/textparse/alltypes.237mfs.prom.txt", 1857},
      {"exposition/textparse/alltypes.237mfs.nometa.prom.txt", 1857},
      {"exposition/expfmt/testdata/text", 248},
      {"clients/prom-client.text", 98},
      {"clients/otel.text", 20},
  };
  for (const auto& [name, series] : pages) {
    INFO(name);
    const std::string page = read_file(folder + "/" + name);
    CHECK(test::compare_readers(page) == "");
    const test::NaivePage read = test::read_page(page);
    CHECK(read.valid);
    CHECK(count_series(read) == series);
  }
}

// The corpus belongs to another parser (prometheus/common expfmt), which refuses all of from_test_parse_error_*. The
// server never used it for scraping: these are the verdicts of Prometheus' model/textparse/promparse.go.
TEST_CASE("the expfmt corpus gets the verdicts of Prometheus' scrape parser") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  const std::pair<std::string, bool> pages[] = {
      {"minimal", true},
      {"from_test_parse_0", true},
      {"from_test_parse_1", true},
      {"from_test_parse_3", false},       // a negative timestamp
      {"from_test_parse_error_0", true},  // no newline at the end
      {"from_test_parse_error_2", true},  // a raw newline in a label value
      {"from_test_parse_error_5", false},
      {"from_test_parse_error_6", false},
      {"from_test_parse_error_7", true},  // a quantile that is no number
      {"from_test_parse_error_8", false},
      {"from_test_parse_error_9", false},
      {"from_test_parse_error_10", false},
      {"from_test_parse_error_11", false},
      {"from_test_parse_error_12", true},  // a second HELP
      {"from_test_parse_error_13", true},  // a second TYPE
      {"from_test_parse_error_16", false},
      {"from_test_parse_error_18", false},
      {"from_test_parse_error_19", true},  // an le that is no number
  };
  for (const auto& [name, valid] : pages) {
    INFO(name);
    const std::string page = read_file(folder + "/exposition/expfmt/fuzz/" + name);
    CHECK(test::read_page(page).valid == valid);
    CHECK(test::compare_readers(page) == "");
  }
}

TEST_CASE("captured pages of real exporters are read whole") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  std::size_t pages = 0, series = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/exporters/reference")) {
    if (entry.path().extension() != ".prom") continue;
    INFO(entry.path().filename().string());
    const std::string page = read_file(entry.path());
    CHECK(test::compare_readers(page) == "");
    const test::NaivePage read = test::read_page(page);
    CHECK(read.valid);
    series += count_series(read);
    ++pages;
  }
  CHECK(pages >= 15);
  CHECK(series >= 5000);
}

TEST_CASE("the corpora's pages of OpenMetrics are read whole, as the naive twin reads them") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  for (const auto* name : {"exposition/textparse/1histogram.om.txt", "exposition/textparse/alltypes.5mfs.om.txt",
                           "clients/prom-client.openmetrics"}) {
    INFO(name);
    const std::string page = read_file(folder + "/" + name);
    CHECK(test::compare_readers(page, expo::PageFormat::kOpenMetrics) == "");
    const test::NaivePage read = test::read_page(page, nullptr, expo::PageFormat::kOpenMetrics);
    CHECK(read.valid);
    CHECK(count_series(read) > 10);
  }
}
