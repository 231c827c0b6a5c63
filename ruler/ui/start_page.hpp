#pragma once
// The first screen: targets, rules and alerts as the API tells them. One page of HTML without outside resources.

#include <string_view>

#include "net/http.hpp"

namespace tocsin::ui {

/// The page's bytes (start_page.html).
std::string_view start_page_html();

/// Serves the page on /, under that title, with a content security policy that lets nothing in but itself. Thread: the
/// loop's.
void add_start_page(net::HttpRouter& router, std::string_view title);

}  // namespace tocsin::ui
