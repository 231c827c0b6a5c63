#pragma once
// github_configs: an issue per group of alerts, opened, commented on, closed. Not in Alertmanager.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct GithubConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "github";
  static constexpr std::string_view kType = "config.GithubConfig";
  std::string api_url = "https://api.github.com";
  Secret token;  // or http_config.authorization
  std::string token_file;
  std::string repository;  // owner/name
  std::string title = R"({{ template "github.default.title" . }})";
  std::string body = R"({{ template "github.default.body" . }})";
  std::string comment = R"({{ template "github.default.body" . }})";  // "": an update changes the issue only
  std::vector<std::string> labels, assignees;
  bool close = true;    // when the group is resolved
  bool reopen = false;  // a closed issue of the group, instead of another one

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
