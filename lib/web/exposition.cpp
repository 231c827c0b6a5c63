#include "web/exposition.hpp"

#include <algorithm>
#include <vector>

#include "expo/exposition.hpp"

namespace tocsin::web {
namespace {

bool is_ready(const expo::RenderedPage& page, const expo::Exposition& exposition) {
  return exposition.format == expo::PageFormat::kText &&
         std::ranges::none_of(page.families, [&](const auto& f) { return needs_escapes(f, exposition.escaping); });
}

}  // namespace

net::HttpResponse expose(std::string_view accept, std::span<const std::shared_ptr<const expo::RenderedPage>> pages,
                         expo::MergeOrder& order) {
  const expo::Exposition exposition = expo::negotiate(accept);
  if (pages.size() == 1 && is_ready(*pages.front(), exposition)) {
    const std::shared_ptr<const std::string> text(pages.front(), &pages.front()->text);
    return {200, exposition.content_type, net::Body(text)};
  }
  std::vector<const expo::RenderedPage*> views;
  views.reserve(pages.size());
  for (const auto& page : pages) views.push_back(page.get());
  return {200, exposition.content_type, net::Body(expo::expose(views, exposition, order))};
}

}  // namespace tocsin::web
