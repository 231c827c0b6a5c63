#include "net/smtp_auth.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/strings.hpp"

namespace tocsin::net {

namespace {

class Plain final : public SmtpAuth {
 public:
  Plain(const SmtpServer& server, bool secure) : server_(server), secure_(secure) {}
  std::string_view mechanism() const override { return "PLAIN"; }
  std::string_view go_type() const override { return "*smtp.plainAuth"; }
  Result<std::optional<std::string>> begin() override {
    if (!secure_) return fail(Errc::kInvalid, "unencrypted connection");
    std::string out = server_.identity;
    out += '\0';
    out += server_.username;
    out += '\0';
    return out + server_.password.reveal();
  }
  Result<std::string> answer(std::string_view) override { return fail(Errc::kIo, "unexpected server challenge"); }

 private:
  const SmtpServer& server_;
  bool secure_;
};

class Login final : public SmtpAuth {
 public:
  explicit Login(const SmtpServer& server) : server_(server) {}
  std::string_view mechanism() const override { return "LOGIN"; }
  std::string_view go_type() const override { return "*email.loginAuth"; }
  Result<std::optional<std::string>> begin() override { return std::optional<std::string>(""); }
  Result<std::string> answer(std::string_view challenge) override {
    if (equal_ignoring_case(challenge, "username:")) return server_.username;
    if (equal_ignoring_case(challenge, "password:")) return server_.password.reveal();
    return fail(Errc::kIo, "unexpected server challenge");
  }

 private:
  const SmtpServer& server_;
};

/// RFC 2195.
class CramMd5 final : public SmtpAuth {
 public:
  explicit CramMd5(const SmtpServer& server) : server_(server) {}
  std::string_view mechanism() const override { return "CRAM-MD5"; }
  std::string_view go_type() const override { return "*smtp.cramMD5Auth"; }
  Result<std::optional<std::string>> begin() override { return std::optional<std::string>(); }
  Result<std::string> answer(std::string_view challenge) override {
    const std::string& key = server_.secret.reveal();
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest.data(),
             &size) == nullptr) {
      return fail(Errc::kInternal, "HMAC-MD5 is not to be had");
    }
    std::string out = server_.username + ' ';
    for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
  }

 private:
  const SmtpServer& server_;
};

}  // namespace

Result<std::unique_ptr<SmtpAuth>> choose_smtp_auth(std::string_view mechanisms, const SmtpServer& server, bool secure) {
  std::string errors;
  const auto refuse = [&](std::string text) {
    if (!errors.empty()) errors += '\n';
    errors += text;
  };
  for (const std::string_view mechanism : split(mechanisms, ' ')) {
    const bool secret = mechanism == "CRAM-MD5", password = mechanism == "PLAIN" || mechanism == "LOGIN";
    if (!secret && !password) {
      refuse(fmt::format("unknown auth mechanism: {}", mechanism));
    } else if ((secret ? server.secret : server.password).empty()) {
      refuse(fmt::format("missing {} for {} auth mechanism", secret ? "secret" : "password", mechanism));
    } else if (secret) {
      return std::make_unique<CramMd5>(server);
    } else if (mechanism == "PLAIN") {
      return std::make_unique<Plain>(server, secure);
    } else {
      return std::make_unique<Login>(server);
    }
  }
  return fail(Errc::kInvalid, "{}", errors);
}

}  // namespace tocsin::net
