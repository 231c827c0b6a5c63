#include "exporters/node/exclusive_filter.hpp"

namespace tocsin::exporters::node {

Result<Filter> make_exclusive_filter(std::string_view what, const std::string& include, const std::string& exclude,
                                     const std::string& by_default) {
  if (include.empty() || exclude.empty()) return Filter::make(what, include, exclude);
  if (exclude == by_default) return Filter::make(what, include, {});
  return fail(Errc::kInvalid, "{0}-exclude and {0}-include are mutually exclusive", what);
}

}  // namespace tocsin::exporters::node
