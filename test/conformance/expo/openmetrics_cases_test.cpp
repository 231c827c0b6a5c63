// The test cases of the OpenMetrics project, by the verdicts of the specification and of Prometheus' scrape parser.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
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

/// Cases that the specification refuses and Prometheus' scrape takes. That it does is seen beside it
/// (test/integration/formats_test.py); the last exemplars and the comma are those of Prometheus 3.
const std::set<std::string> kTakenByScrapes = {"bad_clashing_names_0",
                                               "bad_clashing_names_1",
                                               "bad_counter_values_0",
                                               "bad_counter_values_1",
                                               "bad_counter_values_10",
                                               "bad_counter_values_12",
                                               "bad_counter_values_13",
                                               "bad_counter_values_14",
                                               "bad_counter_values_15",
                                               "bad_counter_values_16",
                                               "bad_counter_values_17",
                                               "bad_counter_values_19",
                                               "bad_counter_values_2",
                                               "bad_counter_values_3",
                                               "bad_counter_values_4",
                                               "bad_counter_values_6",
                                               "bad_exemplar_complex_chars",
                                               "bad_exemplars_on_unallowed_metric_types_1",
                                               "bad_exemplars_on_unallowed_metric_types_2",
                                               "bad_exemplars_on_unallowed_samples_0",
                                               "bad_exemplars_on_unallowed_samples_2",
                                               "bad_exemplars_on_unallowed_samples_3",
                                               "bad_grouping_or_ordering_0",
                                               "bad_grouping_or_ordering_3",
                                               "bad_grouping_or_ordering_4",
                                               "bad_grouping_or_ordering_6",
                                               "bad_grouping_or_ordering_7",
                                               "bad_grouping_or_ordering_8",
                                               "bad_grouping_or_ordering_9",
                                               "bad_histograms_1",
                                               "bad_histograms_10",
                                               "bad_histograms_11",
                                               "bad_histograms_12",
                                               "bad_histograms_13",
                                               "bad_histograms_14",
                                               "bad_histograms_3",
                                               "bad_histograms_7",
                                               "bad_histograms_8",
                                               "bad_histograms_9",
                                               "bad_info_and_stateset_values_1",
                                               "bad_invalid_labels_2",
                                               "bad_invalid_labels_5",
                                               "bad_metadata_in_wrong_place_0",
                                               "bad_metadata_in_wrong_place_2",
                                               "bad_missing_or_extra_commas_2",
                                               "bad_missing_or_invalid_labels_for_a_type_1",
                                               "bad_missing_or_invalid_labels_for_a_type_2",
                                               "bad_missing_or_invalid_labels_for_a_type_3",
                                               "bad_missing_or_invalid_labels_for_a_type_5",
                                               "bad_missing_or_invalid_labels_for_a_type_6",
                                               "bad_missing_or_invalid_labels_for_a_type_7",
                                               "bad_repeated_metadata_1",
                                               "bad_repeated_metadata_3",
                                               "bad_stateset_info_values_0",
                                               "bad_stateset_info_values_2",
                                               "bad_stateset_info_values_3",
                                               "bad_unit_6"};

}  // namespace

TEST_CASE("every OpenMetrics test case gets the verdicts of the specification and of Prometheus' scrape") {
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
    const bool is_taken = is_good || kTakenByScrapes.contains(entry.path().filename().string());
    CHECK(test::read_page(page, nullptr, expo::PageFormat::kOpenMetrics).valid == is_taken);
    ++(is_good ? good : bad);
  }
  CHECK(good >= 31);
  CHECK(bad >= 117);
}
