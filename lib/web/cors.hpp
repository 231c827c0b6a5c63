#pragma once
// Cross-origin requests of browsers. Source: Prometheus util/httputil/cors.go.

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/http.hpp"

namespace tocsin::web {

/// Immutable. Thread: any.
class Cors {
 public:
  /// @param origins  --web.cors.origin: an expression that the whole origin must match; ".*" lets everybody in.
  static Result<std::shared_ptr<const Cors>> compile(const std::string& origins);
  virtual ~Cors() = default;
  /// Adds the fields to an answer, if the request names an origin.
  virtual void apply(std::string_view origin, net::Headers& fields) const = 0;
};

}  // namespace tocsin::web
