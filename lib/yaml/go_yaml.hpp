#pragma once
// YAML as Go's yaml.v2 writes it, for texts that people compare with an Alertmanager's.
// Source: gopkg.in/yaml.v2 encode.go, resolve.go, emitterc.go.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::yaml {

/// A document to be written. Maps keep the order of their entries, as Go's structures do.
struct GoYaml {
  enum class Kind { kPlain, kText, kList, kFlowList, kMap };
  using Entries = std::vector<std::pair<std::string, GoYaml>>;

  Kind kind = Kind::kMap;
  std::string scalar;  // kPlain: written as it is (numbers, true, null); kText: quoted where YAML needs it
  std::vector<GoYaml> items;
  Entries entries;

  static GoYaml plain(std::string text) { return {Kind::kPlain, std::move(text), {}, {}}; }
  static GoYaml text(std::string text) { return {Kind::kText, std::move(text), {}, {}}; }
  static GoYaml flag(bool value) { return plain(value ? "true" : "false"); }
  static GoYaml list(std::vector<GoYaml> items = {}) { return {Kind::kList, {}, std::move(items), {}}; }
  static GoYaml texts(const std::vector<std::string>& texts, Kind kind = Kind::kList);
  static GoYaml map(Entries entries = {}) { return {Kind::kMap, {}, {}, std::move(entries)}; }

  void add(std::string key, GoYaml value) { entries.emplace_back(std::move(key), std::move(value)); }
  bool is_empty() const { return items.empty() && entries.empty() && (kind == Kind::kList || kind == Kind::kMap); }
};

/// A map as a document.
std::string write_go_yaml(const GoYaml& map);

/// Whether a text without quotes would be read as another type: "5", "yes", "12:30", "2026-01-01", "".
bool is_other_yaml_type(std::string_view text);

}  // namespace tocsin::yaml
