#include <algorithm>
#include <map>
#include <optional>

#include "base/base64.hpp"
#include "base/strings.hpp"
#include "net/connector.hpp"
#include "net/net_error.hpp"
#include "net/read_buffer.hpp"
#include "net/smtp.hpp"
#include "net/smtp_auth.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kMaxLineBytes = 4U << 10U;  // RFC 5321 permits 512
constexpr std::size_t kMaxReplyBytes = 64U << 10U;
constexpr int kMaxChallenges = 10;
constexpr Duration kFarewell = std::chrono::seconds(2);  // for the answer to QUIT

struct Reply {
  int code = 0;
  std::string text;  // without codes; lines joined by "\n"
};

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

/// Go's isLocalhost: such a connection leaks nothing.
bool is_local(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

/// Lines that end in CR LF, a dot before each that begins with one, and the end.
std::string dotted(std::string_view data) {
  std::string out;
  out.reserve(data.size() + data.size() / 32 + 8);
  bool at_line_start = true;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const char c = data[i];
    if (at_line_start && c == '.') out += '.';
    at_line_start = c == '\n';
    if (c == '\n' && (i == 0 || data[i - 1] != '\r')) out += '\r';
    out += c;
  }
  if (!at_line_start) out += "\r\n";
  return out + ".\r\n";
}

Error in_step(std::string_view step, Error error) {
  return std::move(error).wrap(std::string(step));
}

/// One connection. Thread: the loop's.
class Session {
 public:
  Session(TaskLoop& loop, Connector& connector, const SmtpServer& server, MonoTime deadline)
      : loop_(loop), connector_(connector), server_(server), deadline_(deadline), watchdog_(loop, [this] {
          if (connection_) connection_->abort();
        }) {
    watchdog_.set(deadline);
  }

  Task<Result<void>> open() {
    const bool implicit = server_.tls == SmtpServer::Tls::kImplicit;
    Way way;
    way.url.host = server_.host;
    way.url.port = server_.port;
    way.url.tls = implicit;
    way.tls = server_.tls_options;
    auto connection = co_await connector_.connect(std::move(way), deadline_);
    if (!connection) {
      co_return fail(in_step(implicit ? "establish TLS connection to server" : "establish connection to server",
                             std::move(connection).error()));
    }
    connection_ = std::move(*connection);
    encrypted_ = implicit;
    auto greeting = co_await reply(220);
    if (!greeting) co_return fail(in_step("create SMTP client", std::move(greeting).error()));
    co_return Result<void>();
  }

  /// EHLO, or HELO for a server that does not know it; again after STARTTLS.
  Task<Result<void>> hello() {
    auto answer = co_await command("EHLO " + server_.hello, 250);
    extensions_.clear();
    if (!answer) {
      if (answer.error().code == Errc::kTimeout) co_return fail(std::move(answer).error());
      auto old = co_await command("HELO " + server_.hello, 250);
      if (!old) co_return fail(std::move(old).error());
      co_return Result<void>();
    }
    const std::vector<std::string_view> lines = split(answer->text, '\n');
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::size_t blank = lines[i].find(' ');
      const std::string_view rest = blank == std::string_view::npos ? "" : lines[i].substr(blank + 1);
      extensions_[std::string(lines[i].substr(0, blank))] = rest;
    }
    co_return Result<void>();
  }

  Task<Result<void>> encrypt() {
    if (!extensions_.contains("STARTTLS")) {
      co_return fail(Errc::kIo, "'require_tls' is true (default) but {} does not advertise the STARTTLS extension",
                     go_quote(fmt::format("{}:{}", server_.host, server_.port)));
    }
    auto started = co_await start_encryption();
    if (!started) co_return fail(in_step("send STARTTLS command", std::move(started).error()));
    co_return Result<void>();
  }

  Task<Result<void>> authenticate() {
    const auto offered = extensions_.find("AUTH");
    if (offered == extensions_.end() || server_.username.empty()) co_return Result<void>();
    auto auth = choose_smtp_auth(offered->second, server_, encrypted_ || is_local(server_.host));
    if (!auth) co_return fail(in_step("find auth mechanism", std::move(auth).error()));
    const std::string step = fmt::format("{} auth", (*auth)->go_type());
    auto done = co_await exchange(auth->get());
    if (!done) co_return fail(in_step(step, std::move(done).error()));
    co_return Result<void>();
  }

  Task<Result<void>> deliver(const SmtpMail* mail) {
    std::string from = fmt::format("MAIL FROM:<{}>", mail->from);
    if (extensions_.contains("8BITMIME")) from += " BODY=8BITMIME";
    if (extensions_.contains("SMTPUTF8")) from += " SMTPUTF8";
    auto accepted = co_await command(std::move(from), 250);
    if (!accepted) co_return fail(in_step("send MAIL command", std::move(accepted).error()));
    for (const std::string& to : mail->to) {
      accepted = co_await command(fmt::format("RCPT TO:<{}>", to), 25);
      if (!accepted) co_return fail(in_step("send RCPT command", std::move(accepted).error()));
    }
    accepted = co_await command("DATA", 354);
    if (!accepted) co_return fail(in_step("send DATA command", std::move(accepted).error()));
    const std::string data = dotted(mail->data);
    auto written = co_await write(&data);
    if (!written) co_return fail(in_step("write body buffer", std::move(written).error()));
    accepted = co_await reply(250);
    if (!accepted) co_return fail(in_step("delivery failure", std::move(accepted).error()));
    co_return Result<void>();
  }

  /// The server may take its time with other mails: it is not waited for long.
  Task<void> quit() {
    if (!connection_ || watchdog_.expired()) co_return;
    watchdog_.set(std::min(deadline_, loop_.clock().mono() + kFarewell));
    static_cast<void>(co_await command("QUIT", 221));
    connection_->abort();
  }

 private:
  Task<Result<void>> start_encryption() {
    auto ready = co_await command("STARTTLS", 220);
    if (!ready) co_return fail(std::move(ready).error());
    // What came unencrypted behind the answer would pass for the server's.
    if (!buffer_.empty()) co_return fail(Errc::kIo, "the server sent bytes before TLS began");
    auto secured = co_await connector_.secure(std::move(connection_), server_.tls_options, server_.host, deadline_);
    if (!secured) co_return fail(std::move(secured).error());
    connection_ = std::move(*secured);
    encrypted_ = true;
    co_return co_await hello();
  }

  Task<Result<void>> exchange(SmtpAuth* auth) {
    auto begin = auth->begin();
    if (!begin) co_return fail(std::move(begin).error());
    std::string line = fmt::format("AUTH {}", auth->mechanism());
    if (*begin && !begin->value().empty()) line += ' ' + base64_encode(**begin);
    for (int i = 0; i < kMaxChallenges; ++i) {
      auto answer = co_await command(std::move(line), 0);
      if (!answer) co_return fail(std::move(answer).error());
      if (answer->code == 235) co_return Result<void>();
      if (answer->code != 334) co_return fail(Errc::kIo, "{} {}", answer->code, answer->text);
      const auto challenge = base64_decode(answer->text);
      Result<std::string> next = fail(Errc::kIo, "the challenge is not base64");
      if (challenge) next = auth->answer(*challenge);
      if (!next) {
        static_cast<void>(co_await command("*", 501));  // gives up
        co_return fail(std::move(next).error());
      }
      line = base64_encode(*next);
    }
    co_return fail(Errc::kIo, "the server does not stop asking");
  }

  /// @param expected  a code, or its first digits; 0: any.
  Task<Result<Reply>> command(std::string line, int expected) {
    line += "\r\n";
    auto written = co_await write(&line);
    if (!written) co_return fail(std::move(written).error());
    co_return co_await reply(expected);
  }

  Task<Result<void>> write(const std::string* text) {
    auto written = co_await connection_->write(*text, {});
    if (!written) co_return fail(io_error(std::move(written).error()));
    co_return Result<void>();
  }

  /// One or more lines: "250-first", "250 last".
  Task<Result<Reply>> reply(int expected) {
    Reply out;
    for (bool more = true; more;) {
      auto line = co_await read_line();
      if (!line) co_return fail(std::move(line).error());
      if (line->size() < 3 || line->find_first_not_of("0123456789") < 3 ||
          (line->size() > 3 && (*line)[3] != ' ' && (*line)[3] != '-')) {
        co_return fail(Errc::kIo, "invalid response code: {}", go_quote(line->substr(0, 100)));
      }
      const int code = ((*line)[0] - '0') * 100 + ((*line)[1] - '0') * 10 + ((*line)[2] - '0');
      if (out.code != 0 && code != out.code) {
        co_return fail(Errc::kIo, "unexpected multi-line response: {}", go_quote(line->substr(0, 100)));
      }
      more = line->size() > 3 && (*line)[3] == '-';
      if (out.code != 0) out.text += '\n';
      if (line->size() > 4) out.text += line->substr(4);
      out.code = code;
      if (out.text.size() > kMaxReplyBytes) co_return fail(Errc::kIo, "the server's answer does not end");
    }
    const bool wanted = expected == 0 || out.code == expected || (expected < 100 && out.code / 10 == expected);
    if (!wanted) co_return fail(Errc::kIo, "{} {}", out.code, out.text);
    co_return out;
  }

  Task<Result<std::string>> read_line() {
    for (;;) {
      const std::string_view seen = buffer_.view();
      if (const std::size_t end = seen.find('\n'); end != std::string_view::npos) {
        std::string line(seen.substr(0, end));
        if (line.ends_with('\r')) line.pop_back();
        buffer_.consume(end + 1);
        co_return line;
      }
      if (seen.size() > kMaxLineBytes) co_return fail(Errc::kIo, "a line of the server's answer does not end");
      auto got = co_await connection_->read_some(buffer_.prepare(kMaxLineBytes), kMaxLineBytes);
      if (!got) co_return fail(io_error(std::move(got).error()));
      if (*got == 0) co_return fail(io_error({Errc::kIo, "EOF"}));
      buffer_.commit(*got);
    }
  }

  Error io_error(Error error) const {
    if (watchdog_.expired()) return {Errc::kTimeout, kDeadlineText};
    return error;
  }

  TaskLoop& loop_;
  Connector& connector_;
  const SmtpServer& server_;
  const MonoTime deadline_;
  std::unique_ptr<Connection> connection_;
  Watchdog watchdog_;
  ReadBuffer buffer_;
  std::map<std::string, std::string> extensions_;
  bool encrypted_ = false;
};

/// What sends have in common: the client may go before them.
struct SmtpCore {
  SmtpCore(TaskLoop& l, const SmtpClientOptions& options)
      : loop(l),
        connector(l, options.resolver ? options.resolver : std::shared_ptr<Resolver>(make_system_resolver(l)),
                  options.work != nullptr ? &options.work->lane(Lane::kScrape) : nullptr, "") {}
  TaskLoop& loop;
  Connector connector;
};

Task<Result<void>> converse(Session* session, const SmtpServer* server, const SmtpMail* mail) {
  TOCSIN_CO_OK(co_await session->open());
  auto greeted = co_await session->hello();
  if (!greeted) co_return fail(in_step("send EHLO command", std::move(greeted).error()));
  if (server->tls == SmtpServer::Tls::kStartTls) TOCSIN_CO_OK(co_await session->encrypt());
  TOCSIN_CO_OK(co_await session->authenticate());
  co_return co_await session->deliver(mail);
}

Task<Result<void>> send_mail(std::shared_ptr<SmtpCore> core, SmtpServer server, SmtpMail mail, MonoTime deadline) {
  if (has_line_break(server.hello) || has_line_break(mail.from) || std::ranges::any_of(mail.to, has_line_break)) {
    co_return fail(Errc::kInvalid, "smtp: A line must not contain CR or LF");
  }
  Session session(core->loop, core->connector, server, deadline);
  const Result<void> done = co_await converse(&session, &server, &mail);
  co_await session.quit();
  co_return done;
}

class Client final : public SmtpClient {
 public:
  Client(TaskLoop& loop, const SmtpClientOptions& options) : core_(std::make_shared<SmtpCore>(loop, options)) {}
  Task<Result<void>> send(SmtpServer server, SmtpMail mail, MonoTime deadline) override {
    return send_mail(core_, std::move(server), std::move(mail), deadline);
  }

 private:
  std::shared_ptr<SmtpCore> core_;
};

}  // namespace

std::unique_ptr<SmtpClient> make_smtp_client(TaskLoop& loop, SmtpClientOptions options) {
  return std::make_unique<Client>(loop, options);
}

}  // namespace tocsin::net
