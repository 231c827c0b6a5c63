#pragma once
// What the configurations of all integrations have in common.
//
// A kind of integration is a struct, in a pair of files of its own (receiver_slack.hpp), that derives from one of these
// and has
//   static constexpr std::string_view kKind = "slack";                // slack_configs; the integration's name
//   static constexpr std::string_view kType = "config.SlackConfig";   // for messages: "field x not found in type ..."
//   void describe(FieldVisitor& fields);                              // its fields, but for those that stand here
//   Result<void> complete(const AlertmanagerGlobal& global);          // checks what was written, fills in what
//   `global`
//                                                                     // has; the error is a message without a position
// and stands in the list of receiver_config.hpp. Fields that are texts are templates unless describe() says otherwise.

#include <string>
#include <string_view>

#include "config/field_visitor.hpp"
#include "config/http_client_config.hpp"

namespace tocsin::config {

struct AlertmanagerGlobal;  // alertmanager_global.hpp

struct NotifierConfig {
  bool send_resolved = true;
  std::string where;  // file:line:column, for messages
};

struct HttpNotifierConfig : NotifierConfig {
  HttpClientConfig http;  // the integration's http_config, or the global one
  bool own_http = false;  // http_config stands in the integration
  Duration timeout{0};    // of one attempt; 0: only the pipeline's own deadline. Not all kinds have the key

  bool own_authorization() const { return own_http && http.has_authorization; }
};

/// A value and the file it may come from instead. Source of the words: Alertmanager config/notifiers.go.
/// @return kInvalid "at most one of KEY & KEY_file must be configured".
Result<void> at_most_one(std::string_view key, const Secret& value, const std::string& file);
/// "one of KEY or KEY_file must be configured", and the above.
Result<void> exactly_one(std::string_view key, const Secret& value, const std::string& file);
/// A global pair stands in for a local pair of which neither is set.
void fall_back(Secret& value, std::string& file, const Secret& global_value, const std::string& global_file);
/// To the path of a URL, if it has none.
void add_trailing_slash(std::string& url);

}  // namespace tocsin::config
