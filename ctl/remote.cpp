#include "ctl/remote.hpp"

#include <cstdio>
#include <optional>

#include "base/fs.hpp"
#include "base/version.hpp"
#include "client/client.hpp"
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

Result<config::HttpClientConfig> load_http_config(const std::string& path) {
  config::HttpClientConfig out;
  if (path.empty()) return out;
  TOCSIN_TRY(std::string text, posix_fs().read_file(path));
  TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(text), path));
  yaml::Fields fields(root, "config.plain");
  std::vector<std::string> warnings;
  TOCSIN_OK(config::read_http_client_fields(fields, out, warnings));
  TOCSIN_OK(fields.finish());
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
  return out;
}

}  // namespace

Result<net::HttpResponse> send_and_wait(net::HttpRequest request, Duration timeout,
                                        const std::string& http_config_file) {
  auto http = load_http_config(http_config_file);
  if (!http) return fail(std::move(http).error().wrap("failed to load HTTP config file"));
  net::RuntimeOptions options;
  options.work_threads = 1;
  const auto runtime = net::make_runtime(options);
  net::HttpClientOptions client_options;
  client_options.user_agent = "tocsinctl/" + std::string(version());
  const auto plain = net::make_http_client(runtime->loop(), client_options);
  const auto client = client::make_client(std::move(*http), {runtime->loop(), runtime->work(), *plain, posix_fs()});
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
