// E-mail: what goes to the SMTP client, and what comes of its answers.

#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

namespace tocsin::notify {
namespace {

using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

std::shared_ptr<const config::AlertmanagerConfig> config_of(const std::string& email) {
  auto config = config::parse_alertmanager_config(
      "global: {smtp_smarthost: 'mail.example:587', smtp_from: 'Alerts <am@example.com>'}\nroute: {receiver: r}\n"
      "receivers: [{name: r, email_configs: [" +
          email + "]}]\n",
      "/etc/am/alertmanager.yml");
  INFO((config ? std::string() : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

std::string field(const std::string& mail, const std::string& name) {
  const std::size_t at = mail.find("\r\n" + name + ": ");
  if (at == std::string::npos)
    return mail.starts_with(name + ": ") ? mail.substr(name.size() + 2, mail.find('\r') - name.size() - 2) : "";
  const std::size_t begin = at + name.size() + 4;
  return mail.substr(begin, mail.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("a mail has a sender, receivers, a subject and a body", "[notify]") {
  NotifyBench bench;
  const auto config =
      config_of("{to: 'ops@example.com, \"B, C\" <second@example.com>', text: 'Hello {{ .Status }} =', html: ''}");
  const auto result = bench.send(*config, notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kDelivered);
  REQUIRE(bench.smtp.sent.size() == 1);
  const auto& sent = bench.smtp.sent[0];
  CHECK(sent.server.host == "mail.example");
  CHECK(sent.server.port == 587);
  CHECK(sent.server.tls == net::SmtpServer::Tls::kStartTls);
  CHECK(sent.mail.from == "am@example.com");
  CHECK(sent.mail.to == std::vector<std::string>{"ops@example.com", "second@example.com"});
  CHECK(field(sent.mail.data, "From") == "Alerts <am@example.com>");
  CHECK(field(sent.mail.data, "Subject") == "[FIRING:1] HighCPU (web-1:9100 node critical)");
  CHECK(field(sent.mail.data, "Date").ends_with(" +0000"));
  CHECK(field(sent.mail.data, "Message-Id").starts_with("<"));
  CHECK(sent.mail.data.find("\r\n\r\nHello firing =3D\r\n") != std::string::npos);
  CHECK(sent.mail.data.find("text/html") == std::string::npos);
}

TEST_CASE("the HTML of a mail is escaped", "[notify]") {
  NotifyBench bench;
  const auto config =
      config_of("{to: o@e, html: '<a title=\"{{ .CommonAnnotations.summary }}\">{{ .CommonLabels.x }}</a>'}");
  auto alert = std::make_shared<model::Alert>(*high_cpu(1).alert);
  alert->annotations = model::Labels({{"summary", "a\"b"}});
  model::LabelsBuilder labels(alert->labels);
  labels.set("x", "<script>");
  alert->labels = labels.build();
  bench.send(*config, notification_of({{alert, false}}));
  CHECK(bench.smtp.sent.at(0).mail.data.find("<a title=3D\"a&#34;b\">&lt;script&gt;</a>") != std::string::npos);
  const auto standard = config_of("{to: o@e}");
  bench.send(*standard, notification_of({high_cpu(1), high_cpu(2, true)}));
  const std::string& mail = bench.smtp.sent.at(1).mail.data;
  CHECK(mail.find("2 alerts for") != std::string::npos);
  CHECK(mail.find("[1] Firing") != std::string::npos);
  CHECK(mail.find("[1] Resolved") != std::string::npos);
}

TEST_CASE("mails of one group hang together if they are to", "[notify]") {
  NotifyBench bench;
  bench.send(*config_of("{to: o@e, threading: {enabled: true, thread_by_date: daily}}"),
             notification_of({high_cpu(1)}));
  bench.send(*config_of("{to: o@e, threading: {enabled: true, thread_by_date: none}}"), notification_of({high_cpu(1)}));
  const std::string daily = bench.smtp.sent.at(0).mail.data, always = bench.smtp.sent.at(1).mail.data;
  CHECK(field(daily, "References") == "<alert-9f2a099adf99adbf-2023-11-14@alertmanager>");
  CHECK(field(daily, "In-Reply-To") == field(daily, "References"));
  CHECK(field(always, "References") == "<alert-9f2a099adf99adbf-@alertmanager>");
}

TEST_CASE("secrets and certificates of mail come from files as they are now", "[notify]") {
  NotifyBench bench;
  const auto config = config_of(
      "{to: o@e, auth_username: u, auth_password_file: /pw, auth_secret: s, auth_identity: i, smarthost: 'm:465'}");
  CHECK(bench.send(*config, notification_of({high_cpu(1)})).error ==
        "could not read /pw: open /pw: No such file or directory");
  REQUIRE(bench.fs.write_file_atomic("/pw", " secret-1\n").has_value());
  bench.smtp.answer = fail(Errc::kIo, "*smtp.plainAuth auth: 535 secret-1 is wrong");
  const auto result = bench.send(*config, notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kRetry);
  CHECK(result.error == "*smtp.plainAuth auth: 535 <secret> is wrong");
  const net::SmtpServer& server = bench.smtp.sent.at(0).server;
  CHECK(server.password.reveal() == "secret-1");
  CHECK(server.secret.reveal() == "s");
  CHECK(server.identity == "i");
  CHECK(server.tls == net::SmtpServer::Tls::kImplicit);
  const auto tls = config_of("{to: o@e, tls_config: {ca_file: /ca}}");
  CHECK(bench.send(*tls, notification_of({high_cpu(1)}))
            .error.starts_with("parse TLS configuration: unable to read CA cert"));
}

TEST_CASE("what cannot work is not tried again, what may is", "[notify]") {
  NotifyBench bench;
  const auto outcome = [&](const std::string& email) {
    return bench.send(*config_of(email), notification_of({high_cpu(1)}));
  };
  CHECK(outcome("{to: nobody}").error == "parse 'to' addresses: mail: missing '@' or angle-addr");
  CHECK(outcome("{to: o@e, from: 'a@b, c@d'}").error == "must be exactly one 'from' address (got: 2)");
  CHECK(outcome("{to: '{{ .X }}'}").error.starts_with("execute 'to' template: "));
  CHECK(outcome("{to: o@e, headers: {X-Y: '{{ .X }}'}}").error.starts_with("execute \"X-Y\" header template: "));
  CHECK(outcome("{to: o@e, html: '{{ .X }}'}").error.starts_with("execute html template: "));
  CHECK(outcome("{to: o@e, smarthost: 'm:nonsense'}").delivery == Delivery::kPermanent);
  CHECK(bench.smtp.sent.empty());
  bench.smtp.answer = fail(Errc::kTimeout, "send RCPT command: context deadline exceeded");
  const auto late = outcome("{to: o@e}");
  CHECK(late.delivery == Delivery::kRetry);
  CHECK(late.reason == alerting::FailureReason::kContextDeadline);
}

}  // namespace tocsin::notify
