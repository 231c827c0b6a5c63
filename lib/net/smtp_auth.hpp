#pragma once
// Mechanisms of AUTH: PLAIN, LOGIN, CRAM-MD5.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/smtp.hpp"

namespace tocsin::net {

/// One exchange. Challenges and answers are bytes, without base64.
class SmtpAuth {
 public:
  virtual ~SmtpAuth() = default;
  virtual std::string_view mechanism() const = 0;
  /// As error texts have it: "*smtp.plainAuth".
  virtual std::string_view go_type() const = 0;
  /// What goes with the AUTH command; none: nothing does. kInvalid if the mechanism must not be used here.
  virtual Result<std::optional<std::string>> begin() = 0;
  virtual Result<std::string> answer(std::string_view challenge) = 0;
};

/// The first mechanism of the list (those the server offers, by blanks) that we know and have a secret for.
/// @param secure  the connection is encrypted, or does not leave the machine: PLAIN wants it.
/// @return kInvalid with one line for each mechanism: "unknown auth mechanism: NTLM".
Result<std::unique_ptr<SmtpAuth>> choose_smtp_auth(std::string_view mechanisms, const SmtpServer& server, bool secure);

}  // namespace tocsin::net
