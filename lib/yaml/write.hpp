#pragma once
// A document as text again, without what nobody else should read.

#include <functional>
#include <string>
#include <string_view>

#include "yaml/node.hpp"

namespace tocsin::yaml {

/// Block style, keys in the order of the document, aliases written out, comments gone.
/// Scalars under a key for which `is_secret` is true are written as <secret>, at any depth; the password of a URL
/// becomes xxxxx.
std::string write(const Node& node, const std::function<bool(std::string_view key)>& is_secret);

}  // namespace tocsin::yaml
