// Alertmanager's own tables of matchers and time intervals, and its test configurations, from the corpora.

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "config/alertmanager_config.hpp"

namespace tocsin::config {
namespace {

namespace json = boost::json;
using model::Matcher;

/// "" (and a warning) if the corpora are not there.
std::string corpus(const std::string& path) {
  const char* root = std::getenv("TOCSIN_CORPORA");
  if (root == nullptr || *root == '\0') {
    WARN("TOCSIN_CORPORA is not set: nothing was compared with Alertmanager's tables");
    return {};
  }
  return std::string(root) + "/alertmanager/" + path;
}

json::array table(const std::string& name) {
  const std::string path = corpus("tables/" + name);
  if (path.empty()) return {};
  const auto text = posix_fs().read_file(path);
  REQUIRE(text);
  return json::parse(*text).as_array();
}

std::string text_of(const json::value& row, const char* key) {
  return std::string(row.at(key).as_string());
}

std::string shown(const std::vector<Matcher>& matchers) {
  std::string out;
  for (const Matcher& m : matchers) {
    out += fmt::format("[{} {} {}]", m.name(), model::match_op_text(m.op()), m.value());
  }
  return out;
}

std::string wanted(const json::value& row) {
  std::string out;
  for (const json::value& m : row.at("matchers").as_array()) {
    out += fmt::format("[{} {} {}]", m.at(0).as_string().c_str(), m.at(1).as_string().c_str(),
                       m.at(2).as_string().c_str());
  }
  return out;
}

/// Compares one reading with the table's row.
void compare(const json::value& row, const Result<std::vector<Matcher>>& parsed) {
  INFO(text_of(row, "input"));
  if (row.as_object().contains("error")) {
    REQUIRE_FALSE(parsed);
    const std::string error = text_of(row, "error");
    // RE2's messages differ from Go's; the input is the same.
    if (!error.starts_with("error parsing regexp")) CHECK(parsed.error().message == error);
    return;
  }
  if (!parsed) FAIL(parsed.error().message);
  CHECK(shown(*parsed) == wanted(row));
}

Result<std::vector<Matcher>> as_list(Result<Matcher> matcher) {
  if (!matcher) return fail(std::move(matcher).error());
  return std::vector<Matcher>{*matcher};
}

/// "08 Jul 20 09:00 +0000" (Go's RFC822Z) to milliseconds.
Timestamp rfc822(const std::string& text) {
  std::istringstream in(text);
  std::tm parts{};
  char month[4] = {};
  int year = 0, zone = 0;
  REQUIRE(std::sscanf(text.c_str(), "%d %3s %d %d:%d %d", &parts.tm_mday, month, &year, &parts.tm_hour, &parts.tm_min,
                      &zone) == 6);
  const std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  parts.tm_mon = static_cast<int>(months.find(month) / 3);
  parts.tm_year = year + 100;
  return (::timegm(&parts) - (zone / 100 * 60 + zone % 100) * 60) * Timestamp{1000};
}

}  // namespace

TEST_CASE("The classic grammar reads Alertmanager's table as Alertmanager does") {
  for (const json::value& row : table("matchers_classic.json"))
    compare(row, parse_matchers_classic(text_of(row, "input")));
}

TEST_CASE("The UTF-8 grammar reads Alertmanager's tables as Alertmanager does") {
  for (const json::value& row : table("matchers_utf8.json")) compare(row, parse_matchers_utf8(text_of(row, "input")));
  for (const json::value& row : table("matcher_utf8.json")) {
    compare(row, as_list(parse_matcher_utf8(text_of(row, "input"))));
  }
}

TEST_CASE("Both grammars agree on the compliance table but where it says otherwise") {
  for (const json::value& row : table("compliance.json")) {
    const std::string input = text_of(row, "input");
    INFO(input);
    const bool utf8_only = input.find("name-with-dashes") != std::string::npos;
    if (!utf8_only) compare(row, parse_matchers_classic(input));
    if (row.as_object().contains("skip_in_utf8_compliance") || row.as_object().contains("error")) continue;
    compare(row, parse_matchers_utf8(input));
    const auto both = parse_matchers(input);
    REQUIRE(both);
    CHECK(both->warning.empty());
  }
}

TEST_CASE("Time intervals contain the times of Alertmanager's table, and are refused where it refuses") {
  for (const json::value& row : table("timeinterval_yaml.json")) {
    const std::string yaml = text_of(row, "yaml");
    INFO(yaml);
    const auto document = yaml::parse(yaml, "table.yml");
    REQUIRE(document);
    std::vector<TimeInterval> intervals;
    std::string error;
    for (const yaml::Node& node : document->elements()) {
      auto parsed = parse_time_interval(node);
      if (!parsed) {
        error = parsed.error().message;
        break;
      }
      intervals.push_back(std::move(*parsed));
    }
    const NamedTimeIntervals named{"n", intervals};
    if (row.at("expectError").as_bool()) {
      CHECK(error.ends_with(": " + text_of(row, "error")));
      continue;
    }
    CHECK(error.empty());
    const auto each = [&row](const char* key, auto check) {
      if (const json::value* times = row.as_object().if_contains(key)) {
        for (const json::value& time : times->as_array()) check(std::string(time.as_string()));
      }
    };
    each("contains", [&](const std::string& time) {
      INFO(time);
      CHECK(named.contains(rfc822(time)));
    });
    each("excludes", [&](const std::string& time) {
      INFO(time);
      CHECK_FALSE(named.contains(rfc822(time)));
    });
  }
}

TEST_CASE("Alertmanager's test configurations load or are refused as there") {
  const std::string folder = corpus("configs/config/testdata");
  if (folder.empty()) return;
  // Names that tell of a mistake; the rest is good.
  const std::vector<std::string> bad = {"-both-", "-no-", "nil-", "update-message-and-webhook"};
  std::size_t seen = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    const auto has = [&name](const std::string& part) { return name.find(part) != std::string::npos; };
    const bool wrong = std::any_of(bad.begin(), bad.end(), has);
    const auto config = load_alertmanager_config(posix_fs(), file.path().string());
    INFO(name << ": " << (config ? "good" : config.error().message));
    CHECK(config.has_value() == !wrong);
    ++seen;
    if (!config) continue;
    const auto again = parse_alertmanager_config((*config)->original, "original.yml");
    INFO((*config)->original);
    INFO((again ? "good" : again.error().message));
    CHECK(again.has_value());
  }
  CHECK(seen > 20);
}

TEST_CASE("Alertmanager's example configurations load") {
  for (const char* name : {"doc/examples/simple.yml", "doc/examples/route_labels.yml", "examples/ha/alertmanager.yml",
                           "cli/testdata/conf.good.yml", "cli/testdata/conf.routing.yml"}) {
    const std::string path = corpus(std::string("configs/") + name);
    if (path.empty()) return;
    const auto config = load_alertmanager_config(posix_fs(), path);
    INFO(name << ": " << (config ? "good" : config.error().message));
    CHECK(config.has_value());
  }
}

}  // namespace tocsin::config
