#pragma once
// RE2 with Prometheus' anchoring and Go's words for what is wrong. Private to this module.

#include <memory>
#include <string>

#include <re2/re2.h>

#include "base/result.hpp"

namespace tocsin::model {

/// `^(?s:expression)$`. With `captures` false the groups are not tracked, which is faster.
/// @return kInvalid: "error parsing regexp: missing closing ): `(`".
Result<std::shared_ptr<const re2::RE2>> compile_anchored(const std::string& expression, bool captures);

/// The expression alone, dot matches newline, for FullMatch(): what a matcher is. An expression that would only be
/// right between the anchors' parentheses, such as `a)(b`, is refused. Source: Prometheus model/labels/regexp.go.
Result<std::shared_ptr<const re2::RE2>> compile_whole(const std::string& expression);

}  // namespace tocsin::model
