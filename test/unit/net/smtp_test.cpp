// The SMTP client, against a server that shares nothing with it.

#include "net/smtp.hpp"

#include <catch2/catch.hpp>

#include "support/smtp_imposter.hpp"
#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::SmtpImposter;
using Said = std::vector<std::string>;

class LocalResolver final : public Resolver {
 public:
  Task<Result<std::vector<std::string>>> lookup(std::string, MonoTime) override {
    co_return std::vector<std::string>{"127.0.0.1"};
  }
};

SmtpServer plain(const SmtpImposter& imposter) {
  SmtpServer out;
  out.host = "127.0.0.1";
  out.port = imposter.port();
  out.tls = SmtpServer::Tls::kNone;
  out.hello = "here";
  return out;
}

SmtpServer secure(const SmtpImposter& imposter, const Identity& identity, SmtpServer::Tls tls) {
  SmtpServer out = plain(imposter);
  out.host = "mail.test";
  out.tls = tls;
  auto options = std::make_shared<TlsOptions>();
  options->ca_pem = identity.cert_pem();
  out.tls_options = options;
  return out;
}

const SmtpMail kMail{"a@b", {"c@d", "e@f"}, "Subject: x\r\n\r\n.dot\nlast"};

/// "" if it was delivered.
std::string send(SmtpServer server, SmtpMail mail = kMail) {
  test::TestLoop loop;
  SmtpClientOptions options;
  options.resolver = std::make_shared<LocalResolver>();
  const auto client = make_smtp_client(loop, options);
  const MonoTime deadline = loop.clock().mono() + 10s;
  const auto done = loop.pump(client->send(std::move(server), std::move(mail), deadline));
  return done ? "" : done.error().message;
}

}  // namespace

TEST_CASE("a mail goes to all receivers of an SMTP server", "[net]") {
  const SmtpImposter imposter({});
  CHECK(send(plain(imposter)) == "");
  const SmtpImposter::Talk talk = imposter.wait_for_talk();
  CHECK(talk.said == Said{"EHLO here", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "DATA", "QUIT"});
  CHECK(talk.data == "Subject: x\r\n\r\n..dot\r\nlast\r\n");
}

TEST_CASE("an SMTP server may be old, or know 8BITMIME and SMTPUTF8", "[net]") {
  const SmtpImposter old({.replies = {{"EHLO", "502 what?\r\n"}}});
  CHECK(send(plain(old)) == "");
  CHECK(old.wait_for_talk().said.at(1) == "HELO here");
  const SmtpImposter modern({.extensions = {"8BITMIME", "SMTPUTF8", "SIZE 1000"}});
  CHECK(send(plain(modern)) == "");
  CHECK(modern.wait_for_talk().said.at(1) == "MAIL FROM:<a@b> BODY=8BITMIME SMTPUTF8");
}

TEST_CASE("STARTTLS encrypts all that follows, and EHLO is said again", "[net]") {
  const Identity identity("DNS:mail.test", 3600);
  const SmtpImposter imposter({.extensions = {"STARTTLS"}, .identity = &identity});
  CHECK(send(secure(imposter, identity, SmtpServer::Tls::kStartTls)) == "");
  CHECK(imposter.wait_for_talk().said == Said{"EHLO here", "STARTTLS", "tls EHLO here", "tls MAIL FROM:<a@b>",
                                              "tls RCPT TO:<c@d>", "tls RCPT TO:<e@f>", "tls DATA", "tls QUIT"});
}

TEST_CASE("implicit TLS begins with the handshake", "[net]") {
  const Identity identity("DNS:mail.test", 3600);
  const SmtpImposter imposter({.identity = &identity, .implicit_tls = true});
  CHECK(send(secure(imposter, identity, SmtpServer::Tls::kImplicit)) == "");
  CHECK(imposter.wait_for_talk().said.at(0) == "tls EHLO here");
}

TEST_CASE("an SMTP server that cannot be trusted gets no mail", "[net]") {
  const Identity identity("DNS:mail.test", 3600), other("DNS:mail.test", 3600);
  const SmtpImposter without({});
  CHECK(send(secure(without, identity, SmtpServer::Tls::kStartTls)) ==
        fmt::format("'require_tls' is true (default) but \"mail.test:{}\" does not advertise the STARTTLS extension",
                    without.port()));
  CHECK(without.wait_for_talk().data.empty());
  const SmtpImposter forged({.extensions = {"STARTTLS"}, .identity = &other});
  CHECK(send(secure(forged, identity, SmtpServer::Tls::kStartTls)) ==
        "send STARTTLS command: tls: failed to verify certificate: x509: certificate signed by unknown authority");
  const SmtpImposter injected(
      {.extensions = {"STARTTLS"}, .replies = {{"STARTTLS", "220 go on\r\n250-injected\r\n250 AUTH PLAIN\r\n"}}});
  CHECK(send(secure(injected, identity, SmtpServer::Tls::kStartTls)) ==
        "send STARTTLS command: the server sent bytes before TLS began");
}

TEST_CASE("AUTH uses the first mechanism that has a secret", "[net]") {
  const auto talk = [](test::SmtpScript script, const std::string& password, const std::string& secret) {
    const SmtpImposter imposter(std::move(script));
    SmtpServer server = plain(imposter);
    server.username = "u";
    server.password = Secret(password);
    server.secret = Secret(secret);
    const std::string error = send(std::move(server));
    Said said = imposter.wait_for_talk().said;
    said.insert(said.begin(), error);
    return said;
  };
  CHECK(talk({.extensions = {"AUTH PLAIN LOGIN"}}, "p", "").at(2) == "AUTH PLAIN AHUAcA==");
  const Said login =
      talk({.extensions = {"AUTH LOGIN"}, .challenges = {"334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"}}, "p", "");
  CHECK(login == Said{"", "EHLO here", "AUTH LOGIN", "dQ==", "cA==", "MAIL FROM:<a@b>", "RCPT TO:<c@d>",
                      "RCPT TO:<e@f>", "DATA", "QUIT"});
  // RFC 2195, section 2: its challenge, user and secret are others, so the digest is of our own.
  const Said cram = talk({.extensions = {"AUTH CRAM-MD5 PLAIN"}, .challenges = {"334 PDEyM0BtYWlsPg=="}}, "p", "s");
  CHECK(cram.at(2) == "AUTH CRAM-MD5");
  CHECK(cram.at(3) == "dSAxODVlNGFjNzJhM2IxODg4MWE0ZTQ4ZDRlNGE5MzRmMg==");
  CHECK(talk({.extensions = {"AUTH CRAM-MD5 PLAIN"}}, "p", "").at(2) == "AUTH PLAIN AHUAcA==");
  CHECK(talk({.extensions = {"AUTH NTLM CRAM-MD5"}}, "p", "").at(0) ==
        "find auth mechanism: unknown auth mechanism: NTLM\nmissing secret for CRAM-MD5 auth mechanism");
  CHECK(talk({.extensions = {"AUTH PLAIN"}, .replies = {{"AUTH", "535 no\r\n"}}}, "p", "").at(0) ==
        "*smtp.plainAuth auth: 535 no");
  CHECK(talk({.extensions = {"AUTH LOGIN"}, .challenges = {"334 WW91cj8="}}, "p", "").at(0) ==
        "*email.loginAuth auth: unexpected server challenge");
  CHECK(talk({}, "p", "").at(2) == "MAIL FROM:<a@b>");  // offers none
}

TEST_CASE("PLAIN is not said where others can listen", "[net]") {
  const SmtpImposter imposter({.extensions = {"AUTH PLAIN"}});
  SmtpServer server = plain(imposter);
  server.host = "mail.test";
  server.username = "u";
  server.password = Secret("p");
  CHECK(send(server) == "*smtp.plainAuth auth: unencrypted connection");
}

TEST_CASE("errors of an SMTP server name the step", "[net]") {
  const auto error = [](test::SmtpScript script) {
    const SmtpImposter imposter(std::move(script));
    return send(plain(imposter));
  };
  CHECK(error({.replies = {{"greeting", "554 go away\r\n"}}}) == "create SMTP client: 554 go away");
  CHECK(error({.replies = {{"greeting", "close"}}}) == "create SMTP client: EOF");
  CHECK(error({.replies = {{"greeting", "what\r\n"}}}) == "create SMTP client: invalid response code: \"what\"");
  CHECK(error({.replies = {{"EHLO", "421 later\r\n"}, {"HELO", "421 later\r\n"}}}) == "send EHLO command: 421 later");
  CHECK(error({.replies = {{"MAIL", "451-busy\r\n451 later\r\n"}}}) == "send MAIL command: 451 busy\nlater");
  CHECK(error({.replies = {{"RCPT", "550 no such user\r\n"}}}) == "send RCPT command: 550 no such user");
  CHECK(error({.replies = {{"DATA", "503 no\r\n"}}}) == "send DATA command: 503 no");
  CHECK(error({.replies = {{".", "552 too long\r\n"}}}) == "delivery failure: 552 too long");
  CHECK(error({.replies = {{".", "close"}}}) == "delivery failure: EOF");
  CHECK(error({.replies = {{"MAIL", std::string(100'000, 'x')}}}) ==
        "send MAIL command: a line of the server's answer does not end");
  std::string endless;
  for (int i = 0; i < 20'000; ++i) endless += "250-more\r\n";
  CHECK(error({.replies = {{"MAIL", endless}}}) == "send MAIL command: the server's answer does not end");
  // The answer to QUIT is nobody's business.
  CHECK(error({.replies = {{"QUIT", "500 no\r\n"}}}) == "");
}

TEST_CASE("a mail with line breaks in an address is not sent", "[net]") {
  const SmtpImposter imposter({});
  SmtpMail mail = kMail;
  mail.to = {"a@b>\r\nRCPT TO:<evil@x"};
  CHECK(send(plain(imposter), mail) == "smtp: A line must not contain CR or LF");
}

TEST_CASE("an SMTP server that hangs costs no more than the deadline", "[net]") {
  for (const std::string where : {"greeting", "EHLO", "MAIL", "."}) {
    const SmtpImposter imposter({.replies = {{where, "hang"}}});
    test::TestLoop loop;
    SmtpClientOptions options;
    options.resolver = std::make_shared<LocalResolver>();
    const auto client = make_smtp_client(loop, options);
    auto started = loop.start(client->send(plain(imposter), kMail, loop.clock().mono() + 10s));
    for (int i = 0; i < 50 && !started.done(); ++i) {
      // Real bytes need real time; the deadline is virtual.
      std::this_thread::sleep_for(2ms);
      loop.run_ready();
    }
    loop.advance(11s);
    loop.pump_until([&] { return started.done(); });
    const auto done = started.get();
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == Errc::kTimeout);
    CHECK(done.error().message.ends_with("context deadline exceeded"));
  }
}

}  // namespace tocsin::net
