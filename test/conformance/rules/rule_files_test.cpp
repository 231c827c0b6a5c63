// Rule files of the world: which are good, which are bad and why, and every expression in them.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "conformance/promql_parser/corpora.hpp"
#include "promql/parser/parser.hpp"
#include "rules/check.hpp"
#include "support/promql_tree.hpp"
#include "yaml/node.hpp"

using namespace tocsin;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension();
    if (extension == ".yml" || extension == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string all(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += text + "\n";
  return out;
}

/// Every text under a key `expr`, wherever it stands.
void collect_expressions(const yaml::Node& node, std::set<std::string>& out) {
  for (const auto& entry : node.entries()) {
    if (entry.key.text() == "expr" && entry.value.is_scalar()) out.insert(entry.value.text());
    collect_expressions(entry.value, out);
  }
  for (const auto& element : node.elements()) collect_expressions(element, out);
}

}  // namespace

TEST_CASE("Prometheus' good rule files are good and its bad ones have its errors with their place") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  const std::string folder = *corpora + "/rules";
  int bad = 0;
  const std::string table = test::read(folder + "/rulefmt-expected-errors.tsv");
  for (const std::string_view line : split(table, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const auto columns = split(line, '\t');
    REQUIRE(columns.size() == 3);
    rules::RuleFileOptions options;
    options.legacy_names = columns[1] == "LegacyValidation";
    const std::string name(columns[0]);
    const auto report = rules::check_text(test::read(folder + "/rulefmt/" + name), name, options);
    CAPTURE(name, all(report.errors));
    CHECK_FALSE(report.ok());
    CHECK(all(report.errors).find(columns[2]) != std::string::npos);
    REQUIRE_FALSE(report.errors.empty());
    CHECK(report.errors[0].starts_with(name + ":"));
    ++bad;
  }
  CHECK(bad == 8);
  for (const char* const name : {"test.yaml", "test_aliases.yaml", "legacy_validation_annotation.good.yaml"}) {
    const auto report = rules::check_text(test::read(folder + "/rulefmt/" + name), name);
    CAPTURE(name, all(report.errors));
    CHECK(report.ok());
    CHECK(report.rules > 0);
  }
}

TEST_CASE("Prometheus' fixtures and promtool's rule files are judged as there") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  const std::set<std::string> bad{"invalid_rules.yaml", "bad-rules-syntax.yml", "rules-bad.yml",
                                  "rules_extrafields.yml"};
  std::size_t found = 0;
  for (const std::string folder : {"/rules/fixtures", "/rules/promtool"}) {
    for (const auto& file : files_below(*corpora + folder)) {
      const std::string text = test::read(file);
      if (text.find("\ngroups:") == std::string::npos && !text.starts_with("groups:")) continue;
      rules::RuleFileOptions options;
      const bool experimental = fs::path(file).filename() == "features.yml";
      options.parser.experimental_functions = options.parser.binop_fill_modifiers = experimental;
      options.parser.extended_range_selectors = experimental;
      const auto report = rules::check_text(text, file, options);
      CAPTURE(file, all(report.errors));
      const bool is_bad = bad.contains(fs::path(file).filename());
      CHECK(report.ok() != is_bad);
      found += is_bad ? 1 : 0;
    }
  }
  CHECK(found == bad.size());

  rules::RuleFileOptions lenient;
  lenient.ignore_unknown_fields = true;
  const auto extra = rules::check_text(test::read(*corpora + "/rules/promtool/rules_extrafields.yml"), "x", lenient);
  CAPTURE(all(extra.errors));
  CHECK(extra.ok());
  const auto doubled = rules::check_text(test::read(*corpora + "/rules/promtool/rules_duplicates.yml"), "x");
  CHECK(doubled.duplicates.size() == 1);
}

TEST_CASE("All files of awesome-prometheus-alerts load") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  std::size_t alerts = 0;
  const auto files = files_below(*corpora + "/rules/awesome-prometheus-alerts");
  CHECK(files.size() == 78);
  for (const auto& file : files) {
    const auto report = rules::check_text(test::read(file), file);
    CAPTURE(file, all(report.errors));
    CHECK(report.ok());
    alerts += report.rules;
  }
  CHECK(alerts == 579);
}

TEST_CASE("Manifests of kube-prometheus are no rule files, and what stands under their spec is one") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  std::size_t rules = 0;
  const auto files = files_below(*corpora + "/rules/kube-prometheus");
  CHECK(files.size() == 6);
  for (const auto& file : files) {
    std::string text = test::read(file);
    const auto manifest = rules::check_text(text, file);
    CAPTURE(file, all(manifest.errors));
    CHECK(all(manifest.errors).find("field apiVersion not found in type rulefmt.RuleGroups") != std::string::npos);
    const std::size_t spec = text.find("\nspec:\n");
    REQUIRE(spec != std::string::npos);
    const auto report = rules::check_text(text.substr(spec + sizeof("\nspec:")), file);
    CAPTURE(all(report.errors));
    CHECK(report.ok());
    rules += report.rules;
  }
  CHECK(rules == 129 + 94);
}

TEST_CASE("Every expression of the rule corpora parses, and its canonical text is the same tree") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  std::set<std::string> expressions;
  for (const auto& file : files_below(*corpora + "/rules")) {
    const auto documents = yaml::parse_all(test::read(file), file);
    CAPTURE(file);
    if (!documents) FAIL(documents.error().message);
    for (const auto& document : *documents) collect_expressions(document, expressions);
  }
  CHECK(expressions.size() == 863);
  promql::parser::ParserOptions everything;
  everything.experimental_functions = true;
  everything.binop_fill_modifiers = true;
  everything.extended_range_selectors = true;
  std::set<std::string> bad;
  for (const std::string& text : expressions) {
    CAPTURE(text);
    const auto parsed = promql::parser::parse_expr(text, everything);
    if (!parsed) {
      bad.insert(text);
      continue;
    }
    const std::string canonical = promql::parser::to_string(**parsed);
    CAPTURE(canonical);
    const auto again = promql::parser::parse_expr(canonical, everything);
    REQUIRE(again.has_value());
    CHECK(test::equal_trees(**parsed, **again));
    CHECK(promql::parser::to_string(**again) == canonical);
  }
  CHECK(bad == std::set<std::string>{"rate(hi)", "test +"});  // of the files that are wrong on purpose
}
