// Prometheus' own good and bad configurations, from the corpora: which load, which are refused, and with which words.

#include "config/prometheus_config.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "base/strings.hpp"

using namespace tocsin;

namespace {

/// The folder of the configurations, or "" with a loud word.
std::string corpus() {
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora != nullptr) return std::string(corpora) + "/prometheus-config";
  WARN("TOCSIN_CORPORA is not set: Prometheus' configurations were not tried");
  return "";
}

std::map<std::string, std::string> expected_errors(const std::string& folder) {
  std::map<std::string, std::string> expected;
  const auto table = posix_fs().read_file(folder + "/expected-errors.tsv");
  REQUIRE(table);
  for (const std::string_view line : split(*table, '\n')) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || line.starts_with('#')) continue;
    std::string words(trim(line.substr(tab + 1)));
    // Prometheus puts its own file name in front; ours is followed by a position.
    if (words.starts_with("parsing YAML file")) words = words.substr(words.find(": ") + 2);
    if (words == "unmarshal errors") words = "cannot unmarshal";
    expected.emplace(line.substr(0, tab), words);
  }
  return expected;
}

struct Verdicts {
  int equal = 0;
  int same_words = 0;
  std::vector<std::string> not_judged, differ, other_words;
};

std::string keys_of(const std::vector<std::string>& warnings) {
  std::string keys;
  for (const std::string& warning : warnings) {
    const std::size_t at = warning.find("field ");
    if (at == std::string::npos) continue;
    const std::string key = warning.substr(at + 6, warning.find(' ', at + 6) - at - 6);
    if (keys.find(key) == std::string::npos) keys += (keys.empty() ? "" : ", ") + key;
  }
  return keys;
}

/// Whether the text names a section that this build leaves alone, for files whose error lies there.
std::string unbuilt_section(const std::string& text) {
  for (const std::string_view line : split(text, '\n')) {
    std::string_view key = trim(line);
    if (key.starts_with("- ")) key = trim(key.substr(2));
    key = key.substr(0, key.find(':'));
    if (key.ends_with("_sd_configs") && key != "static_configs") return std::string(key);
  }
  return "";
}

void judge(const std::string& name, const std::string& path, bool bad, const std::string& words, Verdicts& verdicts) {
  const auto text = posix_fs().read_file(path);
  REQUIRE(text);
  const auto loaded = config::load_prometheus_config(posix_fs(), path, [](const std::string&) { return "x"; });
  if (!bad) {
    if (loaded) {
      ++verdicts.equal;
    } else {
      verdicts.differ.push_back(name + ": must load, but: " + loaded.error().message);
    }
    return;
  }
  if (!loaded) {
    const bool same_words = words.empty() || loaded.error().message.find(words) != std::string::npos;
    if (!same_words && !unbuilt_section(*text).empty()) {
      verdicts.not_judged.push_back(name + " (" + unbuilt_section(*text) + ")");
      return;
    }
    ++verdicts.equal;
    verdicts.same_words += same_words ? 1 : 0;
    if (!same_words) verdicts.other_words.push_back(name + ": " + loaded.error().message + "; Prometheus: " + words);
    return;
  }
  if (const std::string keys = keys_of((*loaded)->warnings); !keys.empty()) {
    verdicts.not_judged.push_back(name + " (" + keys + ")");
  } else {
    verdicts.differ.push_back(name + ": must be refused: " + words);
  }
}

std::string lines(const std::vector<std::string>& all) {
  return fmt::format("{}", fmt::join(all, "\n  "));
}

}  // namespace

TEST_CASE("configurations load or are refused as in Prometheus") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  const auto expected = expected_errors(folder);
  Verdicts verdicts;
  const auto files = glob(posix_fs(), folder + "/testdata/*.yml");
  REQUIRE(files);
  REQUIRE(files->size() > 100);
  for (const std::string& path : *files) {
    const std::string name = path.substr(path.rfind('/') + 1);
    // Not a whole configuration, or good and bad by command-line flags: what Prometheus says of them is not in the
    // table.
    if (name.starts_with("agent_mode.") || name.find(".incompatible.") != std::string::npos) {
      verdicts.not_judged.push_back(name + " (needs a flag of Prometheus)");
      continue;
    }
    // Alertmanager's API v1 is gone in Prometheus 3: refused there, although the name does not say bad.
    const bool bad = name.find(".bad.") != std::string::npos || name == "config_with_deprecated_am_api_config.yml";
    const auto words = expected.find(name);
    judge(name, path, bad, words == expected.end() ? "" : words->second, verdicts);
  }
  WARN(verdicts.equal << " verdicts as Prometheus', " << verdicts.same_words
                      << " of the refusals in its words; not judged, "
                      << "because they are about what this build does not do: " << verdicts.not_judged.size() << "\n  "
                      << lines(verdicts.not_judged));
  INFO(lines(verdicts.differ));
  CHECK(verdicts.differ.empty());
  // A duplicate key is refused by the YAML reader, which does not know the type's name.
  INFO(lines(verdicts.other_words));
  CHECK(std::all_of(verdicts.other_words.begin(), verdicts.other_words.end(),
                    [](const std::string& name) { return name.starts_with("section_key_dup.bad.yml"); }));
  CHECK(verdicts.equal >= 80);
}

TEST_CASE("Prometheus' example configurations load") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  const auto files = glob(posix_fs(), folder + "/examples/prometheus*.yml");
  REQUIRE(files);
  CHECK(files->size() >= 15);
  for (const std::string& path : *files) {
    INFO(path);
    const auto loaded = config::load_prometheus_config(posix_fs(), path);
    INFO((loaded ? "" : loaded.error().message));
    CHECK(loaded);
  }
}
