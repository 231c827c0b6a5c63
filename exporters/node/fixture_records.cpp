#include "exporters/node/fixture_records.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/strings.hpp"

namespace tocsin::exporters::node {

yaml::Node FixtureRecord::find(std::string_view key) const {
  for (const auto& [name, value] : node_.entries()) {
    if (equal_ignoring_case(name.text(), key)) return value;
  }
  return {};
}

double FixtureRecord::number(std::string_view key) const {
  return find(key).as_double().value_or(0);
}

std::string FixtureRecord::text(std::string_view key) const {
  return find(key).text();
}

std::string FixtureRecord::bytes(std::string_view key) const {
  return base64_decode(text(key)).value_or("");
}

Result<std::vector<FixtureRecord>> read_fixture(Fs& fs, const std::string& path) {
  TOCSIN_TRY(std::string text, fs.read_file(path));
  std::ranges::replace(text, '\t', ' ');  // JSON is YAML, but for tabs
  TOCSIN_TRY(const yaml::Node node, yaml::parse(std::move(text), path));
  std::vector<FixtureRecord> records;
  for (const yaml::Node& element : node.is_sequence() ? node.elements() : std::vector<yaml::Node>{node}) {
    if (!element.is_map()) return element.error("no object");
    records.emplace_back(element);
  }
  return records;
}

}  // namespace tocsin::exporters::node
