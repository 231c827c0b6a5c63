#include "config/receiver_email.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "config/alertmanager_global.hpp"

namespace tocsin::config {
namespace {

/// Go's textproto.CanonicalMIMEHeaderKey: "message-id" is "Message-Id"; what is no token stays.
std::string canonical_header(std::string_view name) {
  constexpr std::string_view kSpecials = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSpecials.find(c) != std::string_view::npos;
  };
  std::string out(name);
  if (!std::ranges::all_of(name, is_token)) return out;
  bool first = true;
  for (char& c : out) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    first = c == '-';
  }
  return out;
}

bool has(const TextMap& map, std::string_view key) {
  return std::ranges::any_of(map, [&](const auto& entry) { return entry.first == key; });
}

/// Names are told apart without regard to case.
Result<void> normalize(TextMap& headers) {
  TextMap out;
  for (auto& [name, text] : headers) {
    std::string canonical = canonical_header(name);
    if (has(out, canonical)) {
      return fail(Errc::kInvalid, "duplicate header {} in email config", go_quote(canonical));
    }
    out.emplace_back(std::move(canonical), std::move(text));
  }
  headers = std::move(out);
  return {};
}

Result<void> check_threading(const EmailThreading& threading, const TextMap& headers) {
  if (!threading.enabled) return {};
  for (const std::string_view name : {"References", "In-Reply-To"}) {
    if (!has(headers, name)) continue;
    return fail(Errc::kInvalid, "conflicting configuration: threading.enabled conflicts with custom {} header", name);
  }
  if (threading.by_date == "none" || threading.by_date == "daily") return {};
  return fail(Errc::kInvalid, "threading.thread_by_date must be either 'none' or 'daily'");
}

void use(std::string& value, const std::string& otherwise) {
  if (value.empty()) value = otherwise;
}

}  // namespace

Result<std::pair<std::string, std::string>> split_host_port(std::string_view address) {
  const auto wrong = [&](std::string_view what) { return fail(Errc::kInvalid, "address {}: {}", address, what); };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return wrong("missing port in address");
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[')) {
    const std::size_t end = address.find(']');
    if (end == std::string_view::npos) return wrong("missing ']' in address");
    if (end + 1 == address.size() || address[end + 1] != ':') return wrong("missing port in address");
    if (end + 1 != colon) return wrong("too many colons in address");
    host = address.substr(1, end - 1);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("too many colons in address");
  }
  if (host.find_first_of("[]") != std::string_view::npos) return wrong("unexpected '[' or ']' in address");
  if (colon + 1 == address.size()) return fail(Errc::kInvalid, "address {}: port cannot be empty", go_quote(address));
  return std::pair(std::string(host), std::string(address.substr(colon + 1)));
}

void EmailThreading::describe(FieldVisitor& f) {
  f.flag("enabled", enabled);
  f.plain("thread_by_date", by_date);
}

void EmailConfig::describe(FieldVisitor& f) {
  f.text("to", to);
  f.text("from", from);
  f.plain("hello", hello);
  f.plain("smarthost", smarthost);
  f.plain("auth_username", auth_username);
  f.secret("auth_password", auth_password);
  f.file("auth_password_file", auth_password_file);
  f.secret("auth_secret", auth_secret);
  f.file("auth_secret_file", auth_secret_file);
  f.plain("auth_identity", auth_identity);
  f.text_map("headers", headers);
  f.html_text("html", html);
  f.text("text", text);
  f.flag("require_tls", require_tls);
  f.tls("tls_config", tls);
  f.flag("force_implicit_tls", force_implicit_tls);
  f.map("threading", threading);
}

Result<void> EmailConfig::complete(const AlertmanagerGlobal& global) {
  if (to.empty()) return fail(Errc::kInvalid, "missing to address in email config");
  TOCSIN_OK(normalize(headers));
  TOCSIN_OK(check_threading(threading, headers));
  use(smarthost, global.smtp_smarthost);
  if (smarthost.empty()) return fail(Errc::kInvalid, "no global SMTP smarthost set");
  TOCSIN_OK(split_host_port(smarthost));
  use(from, global.smtp_from);
  if (from.empty()) return fail(Errc::kInvalid, "no global SMTP from set");
  use(hello, global.smtp_hello);
  use(auth_username, global.smtp_auth_username);
  fall_back(auth_password, auth_password_file, global.smtp_auth_password, global.smtp_auth_password_file);
  fall_back(auth_secret, auth_secret_file, global.smtp_auth_secret, global.smtp_auth_secret_file);
  use(auth_identity, global.smtp_auth_identity);
  if (!require_tls) require_tls = global.smtp_require_tls;
  if (!tls) tls = global.smtp_tls;
  if (!force_implicit_tls) force_implicit_tls = global.smtp_force_implicit_tls;
  const auto add = [this](const char* name, const std::string& value) {
    if (!has(headers, name)) headers.emplace_back(name, value);
  };
  add("Subject", R"({{ template "email.default.subject" . }})");
  add("To", to);
  add("From", from);
  std::ranges::sort(headers);
  return {};
}

}  // namespace tocsin::config
