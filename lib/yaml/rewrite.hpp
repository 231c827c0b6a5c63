#pragma once
// A document with other texts in it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "yaml/node.hpp"

namespace tocsin::yaml {

/// The keys from the root to a scalar; elements of sequences add none. The views live during the call.
using KeyPath = std::vector<std::string_view>;

/// The text that stands for a scalar; the first error ends the rewriting.
using RewriteText = std::function<Result<std::string>(const Node& scalar, const KeyPath& path)>;

/// A copy of the document with each scalar value (not keys) as `text` has it. Positions stay those of the original, and
/// an unquoted value is what its new text looks like: a number, a truth, a text.
Result<Node> rewrite(const Node& root, const RewriteText& text);

}  // namespace tocsin::yaml
