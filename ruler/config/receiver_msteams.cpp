#include "config/receiver_msteams.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void MsteamsConfig::describe(FieldVisitor& f) {
  f.secret_url("webhook_url", webhook_url);
  f.file("webhook_url_file", webhook_url_file);
  f.text("title", title);
  f.text("summary", summary);
  f.text("text", text);
}

Result<void> MsteamsConfig::complete(const AlertmanagerGlobal&) {
  return exactly_one("webhook_url", webhook_url, webhook_url_file);
}

void Msteamsv2Config::describe(FieldVisitor& f) {
  f.secret_url("webhook_url", webhook_url);
  f.file("webhook_url_file", webhook_url_file);
  f.text("title", title);
  f.text("text", text);
}

Result<void> Msteamsv2Config::complete(const AlertmanagerGlobal& global) {
  if (own_http && http.proxy.proxy_url.empty()) http.proxy.proxy_url = global.http.proxy.proxy_url;
  return exactly_one("webhook_url", webhook_url, webhook_url_file);
}

}  // namespace tocsin::config
