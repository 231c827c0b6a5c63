// Any bytes as alertmanager.yml: no crash, an error has a position, and what API v2 shows of a good one is YAML.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/alertmanager_config.hpp"
#include "yaml/node.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = tocsin::config::parse_alertmanager_config(std::move(text), "am.yml");
  if (!config) {
    if (!config.error().message.starts_with("am.yml:")) std::abort();
    return 0;
  }
  if (!tocsin::yaml::parse((*config)->original, "original.yml")) std::abort();
  return 0;
}
