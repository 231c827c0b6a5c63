// What a broker, or whoever sits at its port, sends at the beginning of a connection.

#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "exporters/rabbitmq/amqp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::exporters::rabbitmq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto frame = read_amqp_frame(text)) {
    check(frame->size <= size && frame->payload.size() < frame->size, "BUG: a frame beyond its bytes");
    static_cast<void>(amqp_method(*frame));
  }
  static_cast<void>(read_amqp_start(text));
  static_cast<void>(read_amqp_close(text));
  if (const auto tuned = amqp_tune_ok(text)) {
    const auto frame = read_amqp_frame(*tuned);
    check(frame && frame->size == tuned->size(), "BUG: connection.tune-ok is no frame");
  }
  return 0;
}
