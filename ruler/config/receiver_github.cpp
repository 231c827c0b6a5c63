#include "config/receiver_github.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace tocsin::config {

void GithubConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.secret("token", token);
  f.file("token_file", token_file);
  f.text("repository", repository);
  f.text("title", title);
  f.text("body", body);
  f.text("comment", comment);
  f.texts("labels", labels);
  f.texts("assignees", assignees);
  f.flag("close", close);
  f.flag("reopen", reopen);
  f.go_duration("timeout", timeout);
}

Result<void> GithubConfig::complete(const AlertmanagerGlobal&) {
  const bool is_template = repository.find("{{") != std::string::npos;
  if (!is_template && (std::count(repository.begin(), repository.end(), '/') != 1 || repository.size() < 3)) {
    return fail(Errc::kInvalid, "repository of a github config must be owner/name, not {}", go_quote(repository));
  }
  TOCSIN_OK(at_most_one("token", token, token_file));
  const bool has_token = !token.empty() || !token_file.empty();
  if (has_token != http.has_authorization) return {};
  return fail(Errc::kInvalid,
              "one of token, token_file & http_config.authorization must be configured in github config");
}

}  // namespace tocsin::config
