#include "config/receiver_incidentio.hpp"

namespace tocsin::config {

void IncidentioConfig::describe(FieldVisitor& f) {
  f.url("url", url);
  f.file("url_file", url_file);
  f.secret("alert_source_token", alert_source_token);
  f.file("alert_source_token_file", alert_source_token_file);
  f.count("max_alerts", max_alerts);
  f.go_duration("timeout", timeout);
}

Result<void> IncidentioConfig::complete(const AlertmanagerGlobal&) {
  TOCSIN_OK(exactly_one("url", Secret(url), url_file));
  TOCSIN_OK(at_most_one("alert_source_token", alert_source_token, alert_source_token_file));
  const bool token = !alert_source_token.empty() || !alert_source_token_file.empty();
  if (own_authorization() && token) {
    return fail(Errc::kInvalid,
                "cannot specify alert_source_token or alert_source_token_file when using http_config.authorization");
  }
  if (own_http && !own_authorization() && !token) {
    return fail(Errc::kInvalid,
                "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be "
                "configured");
  }
  return {};
}

}  // namespace tocsin::config
