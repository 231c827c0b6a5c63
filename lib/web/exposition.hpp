#pragma once
// What /metrics answers with.

#include <memory>
#include <span>
#include <string_view>

#include "expo/rendered_page.hpp"
#include "net/http.hpp"

namespace tocsin::web {

/// The pages as one, in the format that a request's Accept header asks for; see expo/negotiate.hpp. A single page that
/// needs no change is sent from where it is.
/// @param order  of the pages before, kept by the caller: the merge is quick while families stay.
net::HttpResponse expose(std::string_view accept, std::span<const std::shared_ptr<const expo::RenderedPage>> pages,
                         expo::MergeOrder& order);

}  // namespace tocsin::web
