#pragma once
// What a target asks for, as its options say it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/elasticsearch/documents.hpp"
#include "exporters/elasticsearch/options.hpp"

namespace tocsin::exporters::elasticsearch {

/// What elasticsearch_exporter 1.5 tells of itself about an endpoint: elasticsearch_<prefix>_up and so on. Newer
/// versions tell less; rules still ask for it.
struct Endpoint {
  std::string_view prefix;         // "": nothing
  std::string_view up, scrapes;    // words of the help texts
  std::string_view counters = "";  // what the names of the counters end in
  std::string_view total = "total_scrapes";
};

/// One collector of the original: its documents, and what it makes of them.
struct Step {
  /// @param cluster  the name of the cluster; the first step sets it.
  using Put = void (*)(expo::Page& page, std::span<const Document> documents, std::string& cluster);
  std::string_view collector;  // label of elasticsearch_scrape_*; "": has none
  std::vector<std::string> paths;
  Put put;
  Endpoint endpoint{};
  double scrapes = 0, parse_failures = 0;
};

/// The first one asks for the cluster's name.
std::vector<Step> steps_of(const Switches& ask);
/// The step of one repository's snapshots: its only path.
std::string snapshots_path(std::string_view repository);
/// For one element of a path, where a plus is a plus.
std::string path_escape(std::string_view text);

}  // namespace tocsin::exporters::elasticsearch
