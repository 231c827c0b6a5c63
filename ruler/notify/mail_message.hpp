#pragma once
// The text of a mail: header fields and a body of alternatives. Source: Go mime, mime/multipart, mime/quotedprintable,
// net/mail; RFC 2045, 2046, 2047, 5322.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tocsin::notify {

/// A header field's value; what is not printable ASCII becomes encoded words ("=?utf-8?q?...?="), line breaks too.
std::string encode_mail_word(std::string_view text);

/// Lines of at most 76 bytes that end in CR LF; LF and CR LF of the text are line ends.
std::string quoted_printable(std::string_view text);

/// The addresses alone of "Ops <a@b>, \"Two, Second\" <c@d>, e@f".
/// @return kInvalid in Go's words: "mail: no address", "mail: missing '@' or angle-addr".
Result<std::vector<std::string>> parse_mail_addresses(std::string_view list);

struct MailPart {
  std::string type;  // "text/html; charset=UTF-8"
  std::string body;
};

/// multipart/alternative, the preferred part last.
/// @param fields    names and values, in order; the values are encoded here.
/// @param boundary  must not stand in a part.
std::string mail_message(const std::vector<std::pair<std::string, std::string>>& fields,
                         const std::vector<MailPart>& parts, std::string_view boundary);

}  // namespace tocsin::notify
