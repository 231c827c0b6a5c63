#pragma once
// The parameters of a request to /api/v1, read once.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/matcher.hpp"
#include "net/http.hpp"

namespace tocsin::api {

using MatcherSets = std::vector<std::vector<model::Matcher>>;

/// Of form and query together, the form's first; the first of several values counts. Errors are kInvalid and name the
/// parameter as Prometheus does. Thread: one.
class Params {
 public:
  explicit Params(const net::HttpRequest& request);

  /// "" if it is not there.
  const std::string& text(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  /// `otherwise` if it is not there.
  Result<Timestamp> time(std::string_view name, Timestamp otherwise) const;
  /// 0 if it is not there.
  Result<Duration> duration(std::string_view name) const;
  /// `limit`: a count of at least 0; 0, also where it is not there: no limit.
  Result<std::size_t> limit() const;
  /// The selectors of match[]; the error is the parser's.
  Result<MatcherSets> matchers() const;
  /// The same, where all series may be meant: `{}`.
  Result<MatcherSets> any_matchers() const;

 private:
  Result<MatcherSets> selectors(Result<std::vector<model::Matcher>> (*parse)(std::string_view)) const;

  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace tocsin::api
