#pragma once
// Filters whose flags exclude each other, as node_exporter has them for some collectors.

#include "exporters/node/filter.hpp"

namespace tocsin::exporters::node {

/// At most one of the two is given; an include replaces the exclude that is there by default.
/// @return kInvalid, naming the flags, which begin with `what`.
Result<Filter> make_exclusive_filter(std::string_view what, const std::string& include, const std::string& exclude,
                                     const std::string& by_default = {});

}  // namespace tocsin::exporters::node
