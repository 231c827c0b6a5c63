#include "support/smtp_imposter.hpp"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_socket.hpp"
#include "support/relay.hpp"

namespace tocsin::test {
namespace {

/// A connection that may become TLS.
class Line {
 public:
  explicit Line(int fd) : fd_(fd) {}

  bool secure(const Identity& identity) {
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), identity.cert.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    tls_.reset(SSL_new(context_.get()));
    SSL_set_fd(tls_.get(), fd_);
    const bool done = SSL_accept(tls_.get()) == 1;
    ERR_clear_error();
    return done;
  }
  bool is_secure() const { return tls_ != nullptr; }

  bool send(const std::string& text) {
    if (tls_ == nullptr) return send_all(fd_, text);
    return SSL_write(tls_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }

  /// Without its end; false at the end of the stream.
  bool read(std::string& line) {
    for (;;) {
      if (const std::size_t end = seen_.find("\r\n"); end != std::string::npos) {
        line = seen_.substr(0, end);
        seen_.erase(0, end + 2);
        return true;
      }
      std::array<char, 4096> bytes{};
      const auto got = tls_ != nullptr ? SSL_read(tls_.get(), bytes.data(), bytes.size())
                                       : static_cast<int>(::recv(fd_, bytes.data(), bytes.size(), 0));
      if (got <= 0) return false;
      seen_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
  std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, OpensslFree<SSL_free>> tls_;
  std::string seen_;
};

/// The script's answers, command by command.
class Server {
 public:
  Server(const SmtpScript& script, SmtpImposter::Talk& talk, Line& line) : script_(script), talk_(talk), line_(line) {}

  void run() {
    if (script_.implicit_tls && !line_.secure(*script_.identity)) return;
    if (!answer("greeting", "220 imposter ESMTP\r\n")) return;
    for (std::string command; line_.read(command);) {
      talk_.said.push_back((line_.is_secure() ? "tls " : "") + command);
      if (!obey(command.substr(0, command.find_first_of(" :")), command)) return;
    }
  }

 private:
  bool answer(const std::string& word, const std::string& usual) {
    const auto scripted = script_.replies.find(word);
    const std::string& text = scripted == script_.replies.end() ? usual : scripted->second;
    if (text == "close") return false;
    if (text == "hang") {
      std::string ignored;
      while (line_.read(ignored)) {
      }
      return false;
    }
    return line_.send(text);
  }

  bool obey(const std::string& word, const std::string& command) {
    if (word == "EHLO") return answer(word, greeting());
    if (word == "AUTH") return authenticate();
    if (word == "STARTTLS") {
      if (!answer(word, "220 go on\r\n")) return false;
      return script_.replies.contains(word) || line_.secure(*script_.identity);
    }
    if (word == "DATA") return answer(word, "354 go on\r\n") && (script_.replies.contains(word) || read_mail());
    if (word == "QUIT") {
      answer(word, "221 bye\r\n");
      return false;
    }
    static_cast<void>(command);
    return answer(word, "250 ok\r\n");
  }

  std::string greeting() const {
    std::string out = "250-imposter\r\n";
    for (const std::string& extension : script_.extensions) out += "250-" + extension + "\r\n";
    return out + "250 HELP\r\n";
  }

  bool authenticate() {
    for (const std::string& challenge : script_.challenges) {
      if (!line_.send(challenge + "\r\n")) return false;
      std::string said;
      if (!line_.read(said)) return false;
      talk_.said.push_back(said);
    }
    return answer("AUTH", "235 welcome\r\n");
  }

  bool read_mail() {
    for (std::string line; line_.read(line);) {
      if (line == ".") return answer(".", "250 queued\r\n");
      talk_.data += line + "\r\n";
    }
    return false;
  }

  const SmtpScript& script_;
  SmtpImposter::Talk& talk_;
  Line& line_;
};

}  // namespace

SmtpImposter::SmtpImposter(SmtpScript script) : script_(std::move(script)) {
  listener_ = listen_on_loopback(port_);
  thread_ = std::thread([this] { accept(); });
}

SmtpImposter::~SmtpImposter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void SmtpImposter::accept() {
  for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    {
      const std::lock_guard lock(mutex_);
      open_ = stopping_ ? -1 : fd;
    }
    if (open_ >= 0) serve(fd);
    const std::lock_guard lock(mutex_);
    open_ = -1;
    ::close(fd);
  }
}

void SmtpImposter::serve(int fd) {
  Line line(fd);
  Talk talk;
  Server(script_, talk, line).run();
  const std::lock_guard lock(mutex_);
  talks_.push_back(std::move(talk));
  changed_.notify_all();
}

SmtpImposter::Talk SmtpImposter::wait_for_talk(std::size_t n) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return talks_.size() > n; })) {
    throw std::runtime_error("no mail was sent");
  }
  return talks_[n];
}

}  // namespace tocsin::test
