#include "config/receiver_pushover.hpp"

namespace tocsin::config {

void PushoverConfig::describe(FieldVisitor& f) {
  f.secret_text("user_key", user_key);
  f.file("user_key_file", user_key_file);
  f.secret_text("token", token);
  f.file("token_file", token_file);
  f.text("title", title);
  html ? f.html_text("message", message) : f.text("message", message);
  f.text("url", url);
  f.text("url_title", url_title);
  f.text("device", device);
  f.text("sound", sound);
  f.text("priority", priority);
  f.go_duration("retry", retry);
  f.go_duration("expire", expire);
  f.go_duration("ttl", ttl);
  f.flag("html", html);
  f.flag("monospace", monospace);
}

Result<void> PushoverConfig::complete(const AlertmanagerGlobal&) {
  TOCSIN_OK(exactly_one("user_key", user_key, user_key_file));
  TOCSIN_OK(exactly_one("token", token, token_file));
  if (html && monospace) return fail(Errc::kInvalid, "at most one of monospace & html must be configured");
  return {};
}

}  // namespace tocsin::config
