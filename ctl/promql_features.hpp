#pragma once
// --enable-feature of commands that read PromQL.

#include <string>
#include <vector>

#include "promql/parser/parser.hpp"

namespace tocsin::ctl {

struct PromqlFeatures {
  promql::parser::ParserOptions parser;
  bool delayed_name_removal = false;
};

/// @param lists  names, also several in one with commas; a warning names those that do not exist.
PromqlFeatures promql_features(const std::vector<std::string>& lists);

}  // namespace tocsin::ctl
