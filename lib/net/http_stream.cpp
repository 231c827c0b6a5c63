#include "net/http_stream.hpp"

#include "base/log.hpp"
#include "net/http_session.hpp"

namespace tocsin::net {

Task<bool> HttpStream::write(std::string piece) {
  const std::shared_ptr<HttpSession> session = session_.lock();
  if (!open_ || session == nullptr) co_return false;
  if (piece.empty()) co_return true;
  session->set_deadline(core_->options.write_timeout);
  std::string head;
  if (chunked_) {
    head = fmt::format("{:x}\r\n", piece.size());
    piece += "\r\n";
  }
  const auto written = co_await session->connection_->write(head, piece);
  if (!open_) co_return false;
  session->watchdog_.clear();
  if (!written) end();
  co_return written.has_value();
}

Task<void> HttpStream::run(std::shared_ptr<HttpStream> self,
                           std::function<Task<void>(std::shared_ptr<BodyWriter>)> body) {
  try {
    co_await body(self);
    self->whole_ = self->open_;
  } catch (...) {
    ++self->core_->stats.handler_failures;
    log::error("http", "a handler failed while it wrote its answer",
               {{"err", detail::exception_text(std::current_exception())}});
  }
  if (!self->open_) co_return;
  self->end();
  if (const auto session = self->session_.lock()) session->connection_->cancel();
}

}  // namespace tocsin::net
