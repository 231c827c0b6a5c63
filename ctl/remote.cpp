#include "ctl/remote.hpp"

#include <optional>

#include "base/version.hpp"
#include "net/runtime.hpp"

namespace tocsin::ctl {
namespace {

net::Task<void> exchange(net::Runtime* runtime, std::shared_ptr<net::HttpClient> client, net::HttpRequest request,
                         Duration timeout, std::shared_ptr<std::optional<Result<net::HttpResponse>>> answer) {
  net::SendOptions options;
  options.timeout = timeout;
  *answer = co_await client->send(std::move(request), options);
  runtime->stop();
}

}  // namespace

Result<net::HttpResponse> send_and_wait(net::HttpRequest request, Duration timeout) {
  net::RuntimeOptions options;
  options.work_threads = 1;
  const auto runtime = net::make_runtime(options);
  net::HttpClientOptions client_options;
  client_options.user_agent = "tocsinctl/" + std::string(version());
  const std::shared_ptr<net::HttpClient> client = net::make_http_client(runtime->loop(), client_options);
  auto answer = std::make_shared<std::optional<Result<net::HttpResponse>>>();
  runtime->loop().spawn("ctl", exchange(runtime.get(), client, std::move(request), timeout, answer));
  runtime->run();
  if (!*answer) return fail(Errc::kInternal, "the request was given up");
  return std::move(**answer);
}

std::string join_url(std::string base, std::string_view path) {
  while (base.ends_with('/')) base.pop_back();
  return base.append(path);
}

}  // namespace tocsin::ctl
