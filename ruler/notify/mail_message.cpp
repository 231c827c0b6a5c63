#include "notify/mail_message.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxLine = 76;
constexpr std::size_t kMaxWordContent = 63;  // of 75, without "=?utf-8?q?" and "?="

bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

std::string in_hex(char c) {
  return fmt::format("={:02X}", static_cast<unsigned char>(c));
}

/// One character of an encoded word (RFC 2047, the encoding Q).
std::string word_character(std::string_view rune) {
  if (rune == " ") return "_";
  if (rune.size() == 1 && rune[0] > ' ' && rune[0] <= '~' &&
      std::string_view("=?_").find(rune[0]) == std::string_view::npos) {
    return std::string(rune);
  }
  std::string out;
  for (const char c : rune) out += in_hex(c);
  return out;
}

/// Reads a list of addresses from left to right.
class AddressReader {
 public:
  explicit AddressReader(std::string_view text) : rest_(text) {}

  Result<std::vector<std::string>> read() {
    std::vector<std::string> out;
    skip_space();
    if (rest_.empty()) return wrong("no address");
    while (!rest_.empty()) {
      if (rest_[0] == ',') {  // empty entries are passed over
        rest_.remove_prefix(1);
      } else {
        TOCSIN_TRY(std::string address, one());
        out.push_back(std::move(address));
        skip_space();
        if (!rest_.empty() && rest_[0] != ',') return wrong("expected comma");
      }
      skip_space();
    }
    return out;
  }

 private:
  static std::unexpected<Error> wrong(std::string_view what) { return fail(Errc::kInvalid, "mail: {}", what); }

  void skip_space() {
    for (int depth = 0; !rest_.empty(); rest_.remove_prefix(1)) {
      const char c = rest_[0];
      if (c == '(') ++depth;
      if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
      if (c == ')' && depth > 0) --depth;
    }
  }

  /// "addr", "<addr>" or "phrase <addr>".
  Result<std::string> one() {
    const std::string_view before = rest_;
    if (auto plain = addr_spec(); plain) {
      skip_space();
      if (rest_.empty() || rest_[0] == ',') return plain;
    }
    rest_ = before;
    while (!rest_.empty() && rest_[0] != '<') {
      if (rest_[0] == '"') {
        TOCSIN_OK(quoted());
      } else if (rest_[0] == ',' || rest_[0] == '@') {
        return wrong("missing '@' or angle-addr");
      } else {
        rest_.remove_prefix(1);
      }
      skip_space();
    }
    if (rest_.empty()) return wrong("missing '@' or angle-addr");
    rest_.remove_prefix(1);
    TOCSIN_TRY(std::string address, addr_spec());
    if (rest_.empty() || rest_[0] != '>') return wrong("unclosed angle-addr");
    rest_.remove_prefix(1);
    return address;
  }

  Result<std::string> addr_spec() {
    std::string local;
    if (rest_.starts_with('"')) {
      TOCSIN_TRY(local, quoted());
    } else {
      local = atoms();
    }
    if (local.empty()) return wrong("invalid string");
    if (!rest_.starts_with('@')) return wrong("missing @ in addr-spec");
    rest_.remove_prefix(1);
    std::string domain;
    if (rest_.starts_with('[')) {
      const std::size_t end = rest_.find_first_of("]\r\n<>");
      if (end == std::string_view::npos || rest_[end] != ']') return wrong("unclosed domain-literal");
      domain = rest_.substr(0, end + 1);
      rest_.remove_prefix(end + 1);
    } else {
      domain = atoms();
    }
    if (domain.empty()) return wrong("no domain in addr-spec");
    return local + "@" + domain;
  }

  /// Words of letters, digits and the like, joined by dots; none at an end, nor two together.
  std::string atoms() {
    const std::size_t end = std::min(rest_.find_first_of(" \t\r\n()<>[]:;@\\,\""), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    const bool good = !text.starts_with('.') && !text.ends_with('.') && text.find("..") == std::string_view::npos &&
                      std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
    if (!good) return "";
    rest_.remove_prefix(end);
    return std::string(text);
  }

  /// A quoted string, with its quotes.
  Result<std::string> quoted() {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        std::string out(rest_.substr(0, i + 1));
        rest_.remove_prefix(i + 1);
        return out;
      }
    }
    return wrong("unclosed quoted-string");
  }

  std::string_view rest_;
};

}  // namespace

std::string encode_mail_word(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return is_printable(c) || c == '\t'; })) return std::string(text);
  std::string out = "=?utf-8?q?";
  std::size_t length = 0;
  while (!text.empty()) {
    const std::size_t size = decode_utf8(text).size;
    const std::string encoded = word_character(text.substr(0, size));
    text.remove_prefix(size);
    if (length + encoded.size() > kMaxWordContent) {
      out += "?= =?utf-8?q?";
      length = 0;
    }
    out += encoded;
    length += encoded.size();
  }
  return out + "?=";
}

std::string quoted_printable(std::string_view text) {
  std::string out, line;
  const auto put = [&](std::string_view piece) {
    if (line.size() + piece.size() > kMaxLine - 1) {
      out += line + "=\r\n";
      line.clear();
    }
    line += piece;
  };
  // White space at the end of a line would be lost.
  const auto end_line = [&] {
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) {
      const std::string last = in_hex(line.back());
      line.pop_back();
      put(last);
    }
    out += line;
    line.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool crlf = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (c == '\n' || crlf) {
      if (crlf) ++i;
      end_line();
      out += "\r\n";
    } else if ((is_printable(c) && c != '=') || c == '\t') {
      put({&c, 1});
    } else {
      put(in_hex(c));
    }
  }
  end_line();
  return out;
}

Result<std::vector<std::string>> parse_mail_addresses(std::string_view list) {
  return AddressReader(list).read();
}

std::string mail_message(const std::vector<std::pair<std::string, std::string>>& fields,
                         const std::vector<MailPart>& parts, std::string_view boundary) {
  std::string out;
  for (const auto& [name, value] : fields) out += fmt::format("{}: {}\r\n", name, encode_mail_word(value));
  out += fmt::format("Content-Type: multipart/alternative; boundary={}\r\nMIME-Version: 1.0\r\n\r\n", boundary);
  for (const MailPart& part : parts) {
    out += fmt::format("--{}\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: {}\r\n\r\n{}\r\n",
                       boundary, part.type, quoted_printable(part.body));
  }
  return out + fmt::format("--{}--\r\n", boundary);
}

}  // namespace tocsin::notify
