// The first line as a format, the rest as a line of it and of the well-known formats, as a message of syslog and as the
// page of stub_status: nothing may crash, and what is read points into what was given.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporters/nginx/access_stats.hpp"
#include "exporters/nginx/stub_status.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::exporters::nginx;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = bytes.find('\n');
  const std::string_view format = bytes.substr(0, newline);
  const std::string_view line = newline == std::string_view::npos ? bytes : bytes.substr(newline + 1);
  AccessStats stats({.max_hosts = 3});
  for (const std::string_view text : {format, std::string_view("combined"), std::string_view("json")}) {
    auto parsed = LogFormat::parse(text);
    LogEntry entry;
    if (!parsed || !parsed->read(line, entry)) continue;
    if (entry.status < 100 || entry.status > 999 || entry.method.size() > size || entry.host.size() > size)
      std::abort();
    if (entry.duration && !(*entry.duration >= 0)) std::abort();
    stats.add(entry);
  }
  tocsin::expo::Page page;
  page.begin();
  stats.put(page);
  page.end();
  static_cast<void>(page.render());
  if (syslog_text(bytes).size() > size) std::abort();
  static_cast<void>(parse_stub_status(bytes));
  return 0;
}
