// Routing by path and method.

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "base/strings.hpp"
#include "net/http.hpp"
#include "net/percent.hpp"

namespace tocsin::net {
namespace {

constexpr std::string_view kRest = "*";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

/// As Go's http.Error() answers.
HttpResponse refuse(int status, std::string text) {
  HttpResponse response(status, kPlainText, std::move(text));
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

bool is_capture(std::string_view element) {
  return element.starts_with('{') && element.ends_with('}');
}

/// Literal elements sort before captures, captures before the rest.
int rank(std::string_view element) {
  if (element == kRest) return 2;
  return is_capture(element) ? 1 : 0;
}

/// None if it is no path; nothing matches that.
std::vector<std::string_view> path_elements(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/')) return {};
  return split(path.substr(1), '/');
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == kRest) return path.size() > i;
    if (i >= path.size()) return false;
    if (is_capture(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return pattern.size() == path.size();
}

/// <0 if a is the more special pattern, 0 if they are alike.
int compare_ranks(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int difference = rank(a[i]) - rank(b[i])) return difference;
  }
  return 0;
}

/// Nothing if an escape of the path is broken.
std::optional<HttpRouter::Captures> capture(const std::vector<std::string>& pattern,
                                            const std::vector<std::string_view>& path) {
  HttpRouter::Captures captures;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    std::string_view raw = path[i];
    if (pattern[i] == kRest) {
      raw = std::string_view(raw.data(), static_cast<std::size_t>(path.back().end() - raw.begin()));
    } else if (!is_capture(pattern[i])) {
      continue;
    }
    auto decoded = percent_decode(raw);
    if (!decoded) return std::nullopt;
    captures.push_back(std::move(*decoded));
  }
  return captures;
}

}  // namespace

bool HttpRouter::Route::serves(std::string_view method) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  return std::any_of(methods.begin(), methods.end(),
                     [&](const std::string& served) { return served == wanted || served == method; });
}

void HttpRouter::add(std::string_view methods, std::string_view pattern, Handler handler) {
  check(pattern.starts_with('/'), "BUG: a route's path begins with a slash");
  Route route;
  for (const std::string_view method : split(methods, ',')) route.methods.emplace_back(trim(method));
  for (const std::string_view element : split(pattern.substr(1), '/')) route.elements.emplace_back(element);
  route.handler = std::move(handler);
  routes_.push_back(std::move(route));
}

std::vector<const HttpRouter::Route*> HttpRouter::match(const std::vector<std::string_view>& path) const {
  std::vector<const Route*> best;
  for (const Route& route : routes_) {
    if (!matches(route.elements, path)) continue;
    const int order = best.empty() ? -1 : compare_ranks(route.elements, best.front()->elements);
    if (order < 0) best.clear();
    if (order <= 0) best.push_back(&route);
  }
  return best;
}

Task<HttpResponse> HttpRouter::handle(HttpRequest request) const {
  const std::vector<std::string_view> path = path_elements(request.target);
  const std::vector<const Route*> routes = match(path);
  if (routes.empty()) co_return refuse(404, "404 page not found\n");

  std::set<std::string_view> allowed = {"OPTIONS"};
  for (const Route* route : routes) {
    if (route->serves(request.method)) {
      auto captures = capture(route->elements, path);
      if (!captures) co_return refuse(400, "400 bad request: invalid URL escape in the path\n");
      co_return co_await route->handler(std::move(request), std::move(*captures));
    }
    allowed.insert(route->methods.begin(), route->methods.end());
  }
  HttpResponse refused = refuse(405, "Method Not Allowed\n");
  refused.headers.set("Allow", fmt::format("{}", fmt::join(allowed, ", ")));
  co_return refused;
}

}  // namespace tocsin::net
