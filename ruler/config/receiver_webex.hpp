#pragma once
// webex_configs. Source: Alertmanager config/notifiers.go (WebexConfig).

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct WebexConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "webex";
  static constexpr std::string_view kType = "config.WebexConfig";
  std::string api_url;
  std::string message = R"({{ template "webex.default.message" . }})";
  std::string room_id;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
