#include "ctl/promql_features.hpp"

#include <cstdio>

#include "base/strings.hpp"

namespace tocsin::ctl {
namespace {

bool enable(std::string_view name, PromqlFeatures& features) {
  if (name == "promql-experimental-functions") return features.parser.experimental_functions = true;
  if (name == "promql-delayed-name-removal") return features.delayed_name_removal = true;
  if (name == "promql-extended-range-selectors") return features.parser.extended_range_selectors = true;
  if (name == "promql-binop-fill-modifiers") return features.parser.binop_fill_modifiers = true;
  return name.empty();
}

}  // namespace

PromqlFeatures promql_features(const std::vector<std::string>& lists) {
  PromqlFeatures out;
  for (const std::string& list : lists) {
    for (const std::string_view name : split(list, ',')) {
      if (!enable(trim(name), out)) fmt::print(stderr, "  WARNING: unknown option for --enable-feature: {}\n", name);
    }
  }
  return out;
}

}  // namespace tocsin::ctl
