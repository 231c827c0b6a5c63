#pragma once
// Sending a mail to a server: SMTP (RFC 5321) with STARTTLS (RFC 3207) or TLS from the first byte, and AUTH (RFC 4954).
// The steps and the words of their errors are those of Alertmanager, which uses Go's net/smtp.
// Source: Alertmanager notify/email/email.go; Go net/smtp.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"

namespace tocsin::net {

/// A mail server and how to talk to it.
struct SmtpServer {
  enum class Tls {
    kNone,
    kStartTls,  // the server must offer it
    kImplicit,  // from the first byte (port 465)
  };
  std::string host;
  std::uint16_t port = 25;
  Tls tls = Tls::kStartTls;
  std::shared_ptr<const TlsOptions> tls_options;  // nullptr: verify by the system's certificates
  std::string hello = "localhost";
  std::string username;  // "": no authentication
  Secret password;       // for PLAIN and LOGIN
  Secret secret;         // for CRAM-MD5
  std::string identity;  // for PLAIN; mostly ""
};

struct SmtpMail {
  std::string from;             // address alone, as are the receivers'
  std::vector<std::string> to;  // at least one
  std::string data;             // header and body; lines end in CR LF or LF
};

/// Thread: the loop's; a send may outlive the client.
class SmtpClient {
 public:
  virtual ~SmtpClient() = default;
  /// One connection for one mail. Errors name the step: "establish connection to server: dial tcp ...", "send RCPT
  /// command: 550 no such user"; kTimeout at the deadline, kInvalid for an address or name with line breaks, for which
  /// nothing is sent, else kIo.
  virtual Task<Result<void>> send(SmtpServer server, SmtpMail mail, MonoTime deadline) = 0;
};

struct SmtpClientOptions {
  WorkPool* work = nullptr;            // for the arithmetic of TLS; nullptr: on the loop
  std::shared_ptr<Resolver> resolver;  // nullptr: the system's
};
std::unique_ptr<SmtpClient> make_smtp_client(TaskLoop& loop, SmtpClientOptions options);

}  // namespace tocsin::net
