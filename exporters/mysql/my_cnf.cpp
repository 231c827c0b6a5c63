#include "exporters/mysql/my_cnf.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

#include "base/strings.hpp"

namespace tocsin::exporters::mysql {
namespace {

std::string key_name(std::string_view text) {
  return replace_all(to_lower(trim(text)), "_", "-");
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool is_on(std::string_view text) {
  return text.empty() || text == "1" || equal_ignoring_case(text, "true") || equal_ignoring_case(text, "on") ||
         equal_ignoring_case(text, "yes");
}

constexpr std::string_view kVersions[][2] = {
    {"TLSv1.0", "TLS10"}, {"TLSv1.1", "TLS11"}, {"TLSv1.2", "TLS12"}, {"TLSv1.3", "TLS13"}};

Result<std::ptrdiff_t> version_rank(std::string_view text, std::ptrdiff_t absent) {
  if (text.empty()) return absent;
  const auto* const found =
      std::ranges::find_if(kVersions, [text](const auto& names) { return names[0] == text || names[1] == text; });
  if (found == std::end(kVersions)) {
    return fail(Errc::kInvalid, "the TLS version {} is not one of TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3", text);
  }
  return found - std::begin(kVersions);
}

}  // namespace

Result<std::string> tls_versions(std::string_view low, std::string_view high) {
  if (low.empty() && high.empty()) return "";
  TOCSIN_TRY(const std::ptrdiff_t first, version_rank(low, 0));
  TOCSIN_TRY(const std::ptrdiff_t last, version_rank(high, std::ssize(kVersions) - 1));
  if (first > last) {
    return fail(Errc::kInvalid, "the lowest TLS version must not be higher than the highest: {} > {}", low, high);
  }
  std::string out;
  for (std::ptrdiff_t i = first; i <= last; ++i) fmt::format_to(std::back_inserter(out), "{},", kVersions[i][0]);
  out.pop_back();
  return out;
}

Result<MyCnf> MyCnf::parse(std::string_view text, std::string_view file, const config::Environment& environment) {
  MyCnf out;
  out.file_ = file;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Section* section = nullptr;
  int number = 0;
  for (const std::string_view whole : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '!') continue;
    if (line.front() == '[') {
      const std::string_view name = trim(line.substr(1, line.size() - (line.back() == ']' ? 2 : 1)));
      if (line.back() != ']' || name.empty()) return fail(Errc::kInvalid, "{}:{}: broken section head", file, number);
      section = &out.sections_[std::string(name)];
      continue;
    }
    // The line itself is not told: it may be a password.
    if (section == nullptr) return fail(Errc::kInvalid, "{}:{}: a line outside of any section", file, number);
    const std::size_t sign = line.find_first_of("=:");
    const std::string_view value = sign == std::string_view::npos ? std::string_view{} : trim(line.substr(sign + 1));
    std::vector<std::string> missing;
    (*section)[key_name(line.substr(0, sign))] = config::expand_environment(unquoted(value), environment, missing);
  }
  return out;
}

std::optional<std::string> MyCnf::get(std::string_view section, std::string_view key) const {
  for (;;) {
    if (const auto found = sections_.find(section); found != sections_.end()) {
      if (const auto value = found->second.find(key); value != found->second.end()) return value->second;
    }
    const std::size_t dot = section.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    section = section.substr(0, dot);
  }
}

Result<ConnectOptions> MyCnf::options(std::string_view section) const {
  const auto wrong = [&](std::string_view what) {
    return fail(Errc::kInvalid, "{}: section [{}]: {}", file_, section, what);
  };
  if (!has(section)) return fail(Errc::kInvalid, "{}: there is no section [{}]", file_, section);
  const auto text = [&](std::string_view key) { return get(section, key).value_or(""); };
  const auto flag = [&](std::string_view key) {
    const auto value = get(section, key);
    return value && is_on(*value);
  };
  ConnectOptions out;
  out.user = text("user");
  if (out.user.empty()) return wrong("no user");
  out.password = Secret(text("password"));
  out.socket = text("socket");
  out.host = text("host");
  if (out.host.empty() && out.socket.empty()) out.host = "localhost";
  if (const std::string port = text("port"); !port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) {
      return wrong(fmt::format("{} is no port", go_quote(port)));
    }
  }
  out.cleartext_password = flag("enable-cleartext-plugin");
  out.tls.ca_file = text("ssl-ca");
  out.tls.cert_file = text("ssl-cert");
  out.tls.key_file = text("ssl-key");
  auto versions = tls_versions(text("tls-min-version"), text("tls-max-version"));
  if (!versions) return wrong(versions.error().message);
  out.tls.versions = std::move(*versions);
  const std::string name = text("tls-server-name");
  if (!name.empty() && name != out.host) {
    return wrong("tls-server-name differs from the host, which libmariadb cannot verify");
  }
  const std::string tls = text("tls");
  const bool skip = flag("ssl-skip-verification") || flag("ssl-skip-verfication") || tls == "skip-verify";
  if (tls == "preferred") {
    out.tls.mode = TlsOptions::Mode::kPreferred;
  } else if (skip || tls == "true" || !out.tls.ca_file.empty() || !out.tls.versions.empty() || !name.empty()) {
    out.tls.mode = TlsOptions::Mode::kRequired;
  } else if (!tls.empty() && tls != "false") {
    return wrong(fmt::format("tls is {}, none of true, false, skip-verify, preferred", go_quote(tls)));
  }
  out.tls.verify = !skip;
  return out;
}

}  // namespace tocsin::exporters::mysql
