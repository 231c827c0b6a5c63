#include "exporters/node/filter.hpp"

namespace tocsin::exporters::node {
namespace {

Result<std::optional<model::AnchoredRegex>> compile(std::string_view flag, const std::string& expression) {
  if (expression.empty()) return std::nullopt;
  auto alone = model::AnchoredRegex::make(expression);  // its error shows the expression as it was given
  auto regex = alone ? model::AnchoredRegex::make(".*(?:" + expression + ").*") : std::move(alone);
  if (!regex) return fail(std::move(regex).error().wrap(flag));
  return std::optional(std::move(*regex));
}

}  // namespace

Result<Filter> Filter::make(std::string_view what, const std::string& include, const std::string& exclude) {
  if (!include.empty() && !exclude.empty()) {
    return fail(Errc::kInvalid, "{0}-exclude and {0}-include are mutually exclusive", what);
  }
  Filter filter;
  TOCSIN_TRY(filter.include_, compile(fmt::format("{}-include", what), include));
  TOCSIN_TRY(filter.exclude_, compile(fmt::format("{}-exclude", what), exclude));
  return filter;
}

Result<Filter> Filter::only(std::string_view flag, const std::string& pattern) {
  Filter filter;
  TOCSIN_TRY(filter.include_, compile(flag, pattern));
  return filter;
}

Result<Filter> Filter::except(std::string_view flag, const std::string& pattern) {
  Filter filter;
  TOCSIN_TRY(filter.exclude_, compile(flag, pattern));
  return filter;
}

}  // namespace tocsin::exporters::node
