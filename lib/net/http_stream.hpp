#pragma once
// A body that a handler writes bit by bit.

#include <functional>
#include <memory>
#include <string>

#include "net/http.hpp"

namespace tocsin::net {

class HttpSession;
struct HttpServerCore;

/// The writer of one answer: shared by the session, which may end it at any time, and by the handler's task, which may
/// hold it longer than that. Thread: the loop's.
class HttpStream final : public BodyWriter {
 public:
  HttpStream(std::shared_ptr<HttpServerCore> core, std::weak_ptr<HttpSession> session, bool chunked)
      : core_(std::move(core)), session_(std::move(session)), chunked_(chunked) {}

  /// False after end(), when the client does not take it within write_timeout, or when it has gone. An empty piece only
  /// asks.
  Task<bool> write(std::string piece) override;

  /// Nobody reads any more.
  void end() { open_ = false; }
  bool is_open() const { return open_; }
  /// The writing task has returned, with all that it wanted to say.
  bool is_whole() const { return whole_; }

  /// Runs the handler's function; then tells the session.
  static Task<void> run(std::shared_ptr<HttpStream> self, std::function<Task<void>(std::shared_ptr<BodyWriter>)> body);

 private:
  std::shared_ptr<HttpServerCore> core_;
  std::weak_ptr<HttpSession> session_;
  const bool chunked_;
  bool open_ = true;
  bool whole_ = false;
};

}  // namespace tocsin::net
