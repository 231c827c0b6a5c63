#include "net/http.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "net/multipart_form.hpp"
#include "net/percent.hpp"

namespace tocsin::net {

void ClientPresence::when_gone(std::function<void()> then) {
  if (then && gone_->load(std::memory_order_relaxed)) return then();
  then_ = std::move(then);
}

void ClientPresence::leave() {
  if (gone_->exchange(true)) return;
  if (const auto then = std::exchange(then_, nullptr)) then();
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (equal_ignoring_case(field, name)) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.emplace_back(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

std::string HttpRequest::path() const {
  const std::string_view raw = std::string_view(target).substr(0, target.find('?'));
  auto decoded = percent_decode(raw);
  return decoded ? std::move(*decoded) : std::string(raw);
}

std::vector<std::pair<std::string, std::string>> HttpRequest::params() const {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string_view content_type = headers.get("Content-Type");
  const std::string_view media_type = trim(content_type.substr(0, content_type.find(';')));
  if (equal_ignoring_case(media_type, "application/x-www-form-urlencoded")) append_form_pairs(body, out);
  const std::size_t query = target.find('?');
  if (query != std::string::npos) append_form_pairs(std::string_view(target).substr(query + 1), out);
  if (equal_ignoring_case(media_type, "multipart/form-data")) append_multipart_pairs(content_type, body, out);
  return out;
}

std::string HttpRequest::param(std::string_view name) const {
  for (auto& [field, value] : params()) {
    if (field == name) return std::move(value);
  }
  return {};
}

std::vector<std::string> HttpRequest::all_params(std::string_view name) const {
  std::vector<std::string> out;
  for (auto& [field, value] : params()) {
    if (field == name) out.push_back(std::move(value));
  }
  return out;
}

Task<Result<HttpResponse>> HttpClient::stream(HttpRequest request, SendOptions options, Sink sink) {
  auto response = co_await send(std::move(request), std::move(options));
  if (response && response->status == 200) {
    sink(response->body.view());
    response->body = Body();
  }
  co_return response;
}

}  // namespace tocsin::net
