#include "support/fake_http_client.hpp"

#include <algorithm>
#include <memory>

namespace tocsin::test {
namespace {

bool matches(std::string_view pattern, std::string_view url) {
  if (pattern.ends_with('*')) return url.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == url;
}

}  // namespace

void FakeHttpClient::when(std::string_view method, std::string_view url, Answer answer) {
  rules_.push_back({std::string(method), std::string(url), std::move(answer)});
}

void FakeHttpClient::when(std::string_view method, std::string_view url, Result<net::HttpResponse> answer) {
  when(method, url, [answer = std::move(answer)](const net::HttpRequest&) { return answer; });
}

void FakeHttpClient::when_in_turn(std::string_view method, std::string_view url,
                                  std::vector<Result<net::HttpResponse>> answers) {
  auto next = std::make_shared<std::size_t>(0);
  when(method, url, [answers = std::move(answers), next](const net::HttpRequest&) {
    const std::size_t turn = std::min(*next, answers.size() - 1);
    ++*next;
    return answers.at(turn);
  });
}

Result<net::HttpResponse> FakeHttpClient::answer(const net::HttpRequest& request) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if ((rule->method.empty() || rule->method == request.method) && matches(rule->url, request.target)) {
      return rule->answer(request);
    }
  }
  return fail(Errc::kIo, "dial tcp: lookup {}: no such host", request.target);
}

net::Task<Result<net::HttpResponse>> FakeHttpClient::send(net::HttpRequest request, net::SendOptions options) {
  sent_.push_back({request, options, loop_.clock().now()});
  ++in_flight_;
  if (delay_ > Duration(0)) co_await net::sleep_for(loop_, std::min(delay_, options.timeout));
  --in_flight_;
  if (delay_ > options.timeout) co_return fail(Errc::kTimeout, "context deadline exceeded");
  co_return answer(request);
}

}  // namespace tocsin::test
