// Any text as an option file of MySQL: never a crash; every error names the file; what is accepted is whole.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "exporters/mysql/my_cnf.hpp"

using namespace tocsin;
using namespace tocsin::exporters;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cnf = mysql::MyCnf::parse(text, "f.cnf", [](const std::string& name) { return name; });
  if (!cnf) {
    check(cnf.error().message.starts_with("f.cnf:"), "BUG: an error without the file's name");
    return 0;
  }
  for (const std::string_view section : {"client", "client.a", "a.b.c", ""}) {
    const auto options = cnf->options(section);
    if (!options) {
      check(options.error().message.starts_with("f.cnf: "), "BUG: an error without the file's name");
      continue;
    }
    check(cnf->has(section) && !options->user.empty() && options->port != 0, "BUG: half a login was accepted");
    check(!options->host.empty() || !options->socket.empty(), "BUG: a login to nowhere");
  }
  return 0;
}
