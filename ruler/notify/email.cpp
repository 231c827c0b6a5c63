// E-mail: a message of alternatives, HTML and text, over SMTP. Source: Alertmanager notify/email/email.go.

#include <charconv>
#include <optional>

#include <unistd.h>

#include "base/fault_point.hpp"
#include "base/rng.hpp"
#include "base/strings.hpp"
#include "client/material.hpp"
#include "config/receiver_email.hpp"
#include "net/smtp.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/mail_message.hpp"
#include "notify/message_data.hpp"
#include "template/go_text.hpp"
#include "template/go_time.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxSecretBytes = 64U << 10U;
constexpr std::size_t kThreadHashDigits = 16;
constexpr std::size_t kMinHiddenBytes = 6;  // hiding shorter secrets would garble every message

std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost.localdomain";
}

/// Numbers, and the names of the ports that mail uses.
Result<std::uint16_t> port_number(const std::string& text) {
  if (text == "smtp") return std::uint16_t{25};
  if (text == "smtps" || text == "submissions") return std::uint16_t{465};
  if (text == "submission") return std::uint16_t{587};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size()) return port;
  return fail(Errc::kInvalid, "establish connection to server: dial tcp: lookup tcp/{}: unknown port", text);
}

/// A mail that is ready, and where it goes.
struct Letter {
  net::SmtpServer server;
  net::SmtpMail mail;
};

class EmailReceiver final : public Receiver, public std::enable_shared_from_this<EmailReceiver> {
 public:
  EmailReceiver(const Services& services, RenderingPtr rendering, config::EmailConfig config)
      : services_(services),
        rendering_(std::move(rendering)),
        config_(std::move(config)),
        host_(host_name()),
        rng_(Rng::from_system()) {}

  net::Task<SendOutcome> send(NotificationPtr notification, MonoTime deadline) override {
    const std::shared_ptr<const EmailReceiver> self = shared_from_this();
    const std::uint64_t unique = rng_.next();
    const Timestamp now = services_.loop.clock().now();
    std::function<Result<Letter>()> work = [self, notification, unique, now] {
      return self->write(*notification, unique, now);
    };
    Result<Letter> letter = co_await net::run_on(services_.loop, services_.work.lane(Lane::kRule), std::move(work));
    if (!letter) co_return permanent(letter.error().message);
    fault_point(FaultPoint::kRendered);
    const Secret password = letter->server.password, secret = letter->server.secret;
    fault_point(FaultPoint::kAttemptBegun);
    const Result<void> sent =
        co_await services_.smtp.send(std::move(letter->server), std::move(letter->mail), deadline);
    fault_point(FaultPoint::kAnswerReceived);
    if (sent) co_return delivered();
    std::string why = sent.error().message;
    for (const Secret* const hidden : {&password, &secret}) {
      const std::string& text = hidden->reveal();
      if (text.size() >= kMinHiddenBytes) why = replace_all(std::move(why), text, "<secret>");
    }
    if (sent.error().code == Errc::kInvalid) co_return permanent(std::move(why));
    co_return retry(std::move(why), sent.error().code == Errc::kTimeout ? alerting::FailureReason::kContextDeadline
                                                                        : alerting::FailureReason::kOther);
  }

 private:
  // On a worker.
  Result<Letter> write(const Notification& notification, std::uint64_t unique, Timestamp now) const {
    Letter out;
    TOCSIN_TRY(out.server, server());
    const tmpl::AmData data = message_data(*rendering_, notification);
    TOCSIN_OK(address(notification, data, out.mail));
    TOCSIN_TRY(auto fields, header(notification, data, unique, now));
    TOCSIN_TRY(const auto parts, body(notification, data));
    const std::string boundary = hex(sha256(fmt::format("{} {} {}", host_, unique, now))).substr(0, 60);
    out.mail.data = mail_message(fields, parts, boundary);
    return out;
  }

  Result<net::SmtpServer> server() const {
    net::SmtpServer out;
    TOCSIN_TRY(const auto host_port, config::split_host_port(config_.smarthost));
    out.host = host_port.first;
    TOCSIN_TRY(out.port, port_number(host_port.second));
    const bool implicit = config_.force_implicit_tls.value_or(host_port.second == "465");
    out.tls = implicit                             ? net::SmtpServer::Tls::kImplicit
              : config_.require_tls.value_or(true) ? net::SmtpServer::Tls::kStartTls
                                                   : net::SmtpServer::Tls::kNone;
    if (out.tls != net::SmtpServer::Tls::kNone) {
      TOCSIN_TRY(out.tls_options, tls_options());
    }
    out.hello = config_.hello;
    out.username = config_.auth_username;
    out.identity = config_.auth_identity;
    TOCSIN_TRY(out.password, secret_of(config_.auth_password, config_.auth_password_file));
    TOCSIN_TRY(out.secret, secret_of(config_.auth_secret, config_.auth_secret_file));
    return out;
  }

  Result<std::shared_ptr<const net::TlsOptions>> tls_options() const {
    config::HttpClientConfig http;
    if (config_.tls) http.tls = *config_.tls;
    Fs& fs = services_.fs;
    auto material =
        client::make_material(http, [&fs](const std::string& path) { return fs.read_file(path, 1U << 20U); }, nullptr);
    if (!material) return fail(std::move(material).error().wrap("parse TLS configuration"));
    return (*material)->tls;
  }

  Result<Secret> secret_of(const Secret& inline_text, const std::string& file) const {
    if (!inline_text.empty() || file.empty()) return inline_text;
    auto content = services_.fs.read_file(file, kMaxSecretBytes);
    if (!content) return fail(std::move(content).error().wrap("could not read " + file));
    return Secret(std::string(tmpl::trim_unicode(*content)));
  }

  Result<void> address(const Notification& notification, const tmpl::AmData& data, net::SmtpMail& mail) const {
    const auto addresses = [&](const char* name, const std::string& text) -> Result<std::vector<std::string>> {
      auto expanded = rendering_->templates.expand(text, data, notification.now);
      if (!expanded) return fail(std::move(expanded).error().wrap(fmt::format("execute '{}' template", name)));
      auto parsed = parse_mail_addresses(*expanded);
      if (!parsed) return fail(std::move(parsed).error().wrap(fmt::format("parse '{}' addresses", name)));
      return parsed;
    };
    TOCSIN_TRY(const auto from, addresses("from", config_.from));
    if (from.size() != 1) {
      return fail(Errc::kInvalid, "must be exactly one 'from' address (got: {})", from.size());
    }
    mail.from = from[0];
    TOCSIN_TRY(mail.to, addresses("to", config_.to));
    return {};
  }

  Result<std::vector<std::pair<std::string, std::string>>> header(const Notification& notification,
                                                                  const tmpl::AmData& data, std::uint64_t unique,
                                                                  Timestamp now) const {
    std::vector<std::pair<std::string, std::string>> out;
    bool has_id = false;
    for (const auto& [name, text] : config_.headers) {
      auto value = rendering_->templates.expand(text, data, notification.now);
      if (!value) {
        return fail(std::move(value).error().wrap(fmt::format("execute {} header template", go_quote(name))));
      }
      has_id = has_id || name == "Message-Id";
      out.emplace_back(name, std::move(*value));
    }
    if (!has_id) out.emplace_back("Message-Id", fmt::format("<{}000000.{}@{}>", now, unique, host_));
    const tmpl::Time time = tmpl::Time::from_ms(now);
    if (config_.threading.enabled) {
      // The root is no mail: programs hang all mails of the group below it.
      const std::string day = config_.threading.by_date == "none" ? "" : tmpl::format_time(time, "2006-01-02");
      const std::string hash = group_key_hash(notification.group_key).substr(0, kThreadHashDigits);
      for (const char* const name : {"References", "In-Reply-To"}) {
        out.emplace_back(name, fmt::format("<alert-{}-{}@alertmanager>", hash, day));
      }
    }
    out.emplace_back("Date", tmpl::format_time(time, "Mon, 02 Jan 2006 15:04:05 -0700"));
    return out;
  }

  Result<std::vector<MailPart>> body(const Notification& notification, const tmpl::AmData& data) const {
    std::vector<MailPart> out;
    if (!config_.text.empty()) {
      auto text = rendering_->templates.expand(config_.text, data, notification.now);
      if (!text) return fail(std::move(text).error().wrap("execute text template"));
      out.push_back({"text/plain; charset=UTF-8", std::move(*text)});
    }
    if (!config_.html.empty()) {
      auto html = rendering_->templates.expand_html(config_.html, data, notification.now);
      if (!html) return fail(std::move(html).error().wrap("execute html template"));
      out.push_back({"text/html; charset=UTF-8", std::move(*html)});
    }
    return out;
  }

  const Services services_;
  const RenderingPtr rendering_;
  const config::EmailConfig config_;
  const std::string host_;
  Rng rng_;
};

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::EmailConfig config) {
  return std::make_shared<EmailReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
