#include "exporters/node/filter.hpp"

#include "base/strings.hpp"

namespace tocsin::exporters::node {
namespace {

Result<std::optional<model::AnchoredRegex>> compile(std::string_view flag, const std::string& expression) {
  if (expression.empty()) return std::nullopt;
  if (auto alone = model::AnchoredRegex::make(expression); !alone) {
    const std::string anchored = fmt::format("^(?s:{})$", expression);
    Error error = std::move(alone).error();
    error.message = replace_all(error.message, anchored, expression);  // the user has not anchored it
    return fail(std::move(error).wrap(flag));
  }
  auto regex = model::AnchoredRegex::make(".*(?:" + expression + ").*");
  if (!regex) return fail(std::move(regex).error().wrap(flag));
  return std::optional(std::move(*regex));
}

}  // namespace

Result<Filter> Filter::make(std::string_view what, const std::string& include, const std::string& exclude) {
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
