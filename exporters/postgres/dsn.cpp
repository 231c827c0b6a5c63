#include "exporters/postgres/dsn.hpp"

#include <algorithm>
#include <optional>

#include "net/percent.hpp"

namespace tocsin::exporters::postgres {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_keyword_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Puts a parameter where it belongs.
void take(Dsn& dsn, std::string keyword, std::string value) {
  if (keyword == "password") {
    dsn.password = Secret(std::move(value));
  } else if (keyword == "ssl" && value == "true") {  // JDBC's spelling, which libpq takes too
    dsn.set("sslmode", "require");
  } else {
    dsn.set(keyword, std::move(value));
  }
}

/// key = value pairs. Position in bytes from 1 for messages.
class PairReader {
 public:
  explicit PairReader(std::string_view text) : text_(text) {}

  Result<Dsn> read() {
    Dsn dsn;
    for (skip_spaces(); at_ < text_.size(); skip_spaces()) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_keyword_part(text_[at_])) ++at_;
      std::string keyword(text_.substr(begin, at_ - begin));
      skip_spaces();
      if (keyword.empty() || at_ == text_.size() || text_[at_] != '=') {
        return fail(Errc::kInvalid, "byte {}: `=` is missing behind a keyword", at_ + 1);
      }
      ++at_;
      skip_spaces();
      TOCSIN_TRY(std::string value, read_value());
      take(dsn, std::move(keyword), std::move(value));
    }
    return dsn;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  Result<std::string> read_value() {
    std::string value;
    const bool quoted = at_ < text_.size() && text_[at_] == '\'';
    const std::size_t begin = at_;
    if (quoted) ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quoted ? c == '\'' : is_space(c)) break;
      if (c == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    if (quoted) {
      if (at_ == text_.size()) return fail(Errc::kInvalid, "byte {}: a quote that is never closed", begin + 1);
      ++at_;
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::string_view> without_scheme(std::string_view text) {
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  return std::nullopt;
}

Result<std::string> decode(std::string_view text, std::string_view what) {
  auto decoded = net::percent_decode(text);
  if (!decoded || decoded->contains('\0')) return fail(Errc::kInvalid, "a wrong percent escape in the {}", what);
  return std::move(*decoded);
}

/// "a:1,[::1]:2,c" as libpq's lists `host` and `port`.
Result<void> take_hosts(Dsn& dsn, std::string_view text) {
  std::string hosts, ports;
  for (bool more = true, first = true; more; first = false) {
    std::size_t end = text.find(',', text.starts_with('[') ? text.find(']') : 0);
    more = end != text.npos;
    std::string_view one = text.substr(0, end), port;
    if (more) text.remove_prefix(end + 1);
    if (one.starts_with('[')) {
      const std::size_t close = one.find(']');
      if (close == one.npos) return fail(Errc::kInvalid, "`]` is missing behind a host");
      port = one.substr(close + 1);
      one = one.substr(1, close - 1);
      if (!port.empty() && !port.starts_with(':')) return fail(Errc::kInvalid, "a port must stand behind `]:`");
      if (!port.empty()) port.remove_prefix(1);
    } else if (const std::size_t colon = one.find(':'); colon != one.npos) {
      port = one.substr(colon + 1);
      one = one.substr(0, colon);
    }
    if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) {
      return fail(Errc::kInvalid, "a port that is not a number (`@` and `:` in a password are written %40 and %3A)");
    }
    TOCSIN_TRY(const std::string host, decode(one, "host"));
    hosts += (first ? "" : ",") + host;
    ports += (first ? "" : ",") + std::string(port);
  }
  if (hosts.find_first_not_of(',') != hosts.npos) dsn.set("host", hosts);
  if (ports.find_first_not_of(',') != ports.npos) dsn.set("port", ports);
  return {};
}

Result<Dsn> parse_uri(std::string_view text) {
  Dsn dsn;
  std::string_view query;
  if (const std::size_t mark = text.find('?'); mark != text.npos) {
    query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  // The user part ends at the first `@`, as in libpq: one within a password must be escaped.
  if (const std::size_t at = text.find('@'); at != text.npos && at < std::min(text.find('/'), text.size())) {
    const std::string_view who = text.substr(0, at);
    const std::size_t colon = who.find(':');
    TOCSIN_TRY(std::string user, decode(who.substr(0, colon), "user"));
    if (!user.empty()) dsn.set("user", std::move(user));
    if (colon != who.npos) {
      TOCSIN_TRY(std::string password, decode(who.substr(colon + 1), "password"));
      dsn.password = Secret(std::move(password));
    }
    text.remove_prefix(at + 1);
  }
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    TOCSIN_TRY(std::string database, decode(text.substr(slash + 1), "database"));
    if (!database.empty()) dsn.set("dbname", std::move(database));
    text = text.substr(0, slash);
  }
  TOCSIN_OK(take_hosts(dsn, text));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == pair.npos) return fail(Errc::kInvalid, "a parameter without name or `=` behind `?`");
    TOCSIN_TRY(std::string keyword, decode(pair.substr(0, equals), "parameters"));
    TOCSIN_TRY(std::string value, decode(pair.substr(equals + 1), "parameters"));
    take(dsn, std::move(keyword), std::move(value));
  }
  return dsn;
}

Result<Dsn> checked(Result<Dsn> dsn) {
  if (!dsn) return fail(std::move(dsn).error().wrap("wrong connection string"));
  return dsn;
}

}  // namespace

std::string Dsn::get(std::string_view keyword) const {
  for (const auto& [name, value] : parameters) {
    if (name == keyword) return value;
  }
  return "";
}

void Dsn::set(std::string_view keyword, std::string value) {
  for (auto& [name, old] : parameters) {
    if (name == keyword) {
      old = std::move(value);
      return;
    }
  }
  parameters.emplace_back(keyword, std::move(value));
}

Result<Dsn> parse_dsn(std::string_view text) {
  if (text.contains('\0')) return fail(Errc::kInvalid, "wrong connection string: a zero byte");
  if (text.empty()) return fail(Errc::kInvalid, "wrong connection string: it is empty");
  if (const auto rest = without_scheme(text)) return checked(parse_uri(*rest));
  return checked(PairReader(text).read());
}

std::string as_uri(std::string text) {
  if (text.empty() || without_scheme(text) || parse_dsn(text)) return text;
  return "postgresql://" + text;
}

std::string server_label(const Dsn& dsn) {
  std::string host = dsn.get("host"), port = dsn.get("port");
  if (host.empty()) host = dsn.get("hostaddr");
  if (host.empty()) host = "localhost";
  return host + ":" + (port.empty() ? "5432" : port);
}

}  // namespace tocsin::exporters::postgres
