#pragma once
// Mails go nowhere; they are remembered, and answered by script.

#include <string>
#include <vector>

#include "net/smtp.hpp"

namespace tocsin::test {

/// Thread: the loop's.
class FakeSmtpClient final : public net::SmtpClient {
 public:
  struct Sent {
    net::SmtpServer server;
    net::SmtpMail mail;
  };
  net::Task<Result<void>> send(net::SmtpServer server, net::SmtpMail mail, MonoTime) override {
    sent.push_back({std::move(server), std::move(mail)});
    co_return answer;
  }
  std::vector<Sent> sent;
  Result<void> answer = {};  // to each
};

}  // namespace tocsin::test
