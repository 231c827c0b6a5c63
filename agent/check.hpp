#pragma once
// Is this agent.yml one that the agent will take? Asks no server.

#include <string>
#include <vector>

#include "base/fs.hpp"

namespace tocsin::agent {

struct CheckedFile {
  std::string summary;  // "node, 2 redis"
  std::vector<std::string> warnings;
};

/// Reads the file, and makes what it says, as the agent does at its start; nothing listens and nothing is asked.
/// kInvalid with file:line:column. Thread: any.
Result<CheckedFile> check_file(Fs& fs, const std::string& file);

}  // namespace tocsin::agent
