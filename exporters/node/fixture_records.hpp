#pragma once
// Files of JSON in place of a kernel that a test does not have: node_exporter's --collector.*.fixtures.

#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters::node {

/// One object of such a file. Keys are found in any case, as Go finds them; what is absent is 0 or "".
class FixtureRecord {
 public:
  explicit FixtureRecord(yaml::Node node) : node_(std::move(node)) {}
  double number(std::string_view key) const;
  std::string text(std::string_view key) const;
  /// Go writes bytes in base64.
  std::string bytes(std::string_view key) const;

 private:
  yaml::Node find(std::string_view key) const;

  yaml::Node node_;
};

/// The objects of an array, or the only one.
/// @return kNotFound if there is no such file, kInvalid if it has something else.
Result<std::vector<FixtureRecord>> read_fixture(Fs& fs, const std::string& path);

}  // namespace tocsin::exporters::node
