#pragma once
// The objects of test/data/discovery/kubernetes/cluster.json, which the integration test serves too.

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace tocsin::test {

/// JSON texts of objects by collection ("/api/v1/pods").
inline std::map<std::string, std::vector<std::string>> read_cluster() {
  std::ifstream file(TOCSIN_TEST_DATA "/kubernetes/cluster.json");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.empty()) throw std::runtime_error("no cluster.json");
  std::map<std::string, std::vector<std::string>> out;
  const boost::json::value collections = boost::json::parse(text);
  for (const auto& [collection, objects] : collections.as_object()) {
    for (const auto& object : objects.as_array()) {
      out[std::string(collection)].push_back(boost::json::serialize(object));
    }
  }
  return out;
}

}  // namespace tocsin::test
