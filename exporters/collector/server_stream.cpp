#include "exporters/collector/server_stream.hpp"

#include "net/net_error.hpp"

namespace tocsin::exporters {
namespace {

constexpr std::size_t kChunkBytes = 16U << 10U;

}  // namespace

ServerStream::ServerStream(net::TaskLoop& loop, std::unique_ptr<net::Connection> connection)
    : connection_(std::move(connection)), watchdog_(loop, [this] { connection_->abort(); }) {}

net::Task<Result<void>> ServerStream::write(std::string bytes, MonoTime deadline) {
  watchdog_.set(deadline);
  auto written = co_await connection_->write(bytes, {});
  watchdog_.clear();
  if (!written) co_return fail(in_time(std::move(written).error()));
  co_return Result<void>();
}

net::Task<Result<std::string_view>> ServerStream::read(MonoTime deadline) {
  chunk_.resize(kChunkBytes);
  watchdog_.set(deadline);
  auto size = co_await connection_->read_some(chunk_.data(), chunk_.size());
  watchdog_.clear();
  if (!size) co_return fail(in_time(std::move(size).error()));
  if (*size == 0) co_return fail(Errc::kIo, "EOF");
  co_return std::string_view(chunk_).substr(0, *size);
}

Error ServerStream::in_time(Error error) const {
  return watchdog_.expired() ? Error{Errc::kTimeout, net::kDeadlineText} : error;
}

}  // namespace tocsin::exporters
