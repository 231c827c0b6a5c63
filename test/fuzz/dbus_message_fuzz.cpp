// Any bytes as messages of D-Bus: nothing may crash or go on for ever, and what is taken gets shorter.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporters/node/dbus_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::exporters::node;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const auto message = take_dbus_message(rest);
    if (!message || !*message) break;
    if (rest.size() >= before) std::abort();
    (void)dbus_text(**message);
    (void)dbus_number(**message);
    DbusReader reader(**message);
    std::string_view signature = (*message)->signature;
    while (reader.good() && !signature.empty()) reader.skip(signature);
    DbusReader units(**message);
    units.each_struct([&] {
      if (units.text().size() + units.text().size() > (*message)->body.size()) std::abort();
      units.number32();
    });
  }
  return 0;
}
