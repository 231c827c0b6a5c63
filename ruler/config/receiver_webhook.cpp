#include "config/receiver_webhook.hpp"

namespace tocsin::config {

void WebhookConfig::describe(FieldVisitor& f) {
  f.secret_url_text("url", url);
  f.file("url_file", url_file);
  f.count("max_alerts", max_alerts);
  f.go_duration("timeout", timeout);
  f.tree("payload", payload);
}

Result<void> WebhookConfig::complete(const AlertmanagerGlobal&) {
  return exactly_one("url", url, url_file);
}

}  // namespace tocsin::config
