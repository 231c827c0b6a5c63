// Any text as --web.config.file: never a crash or an exception; every error names the file; what is accepted holds its
// promises. Any text as credentials.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "base/mem_fs.hpp"
#include "web/authenticator.hpp"
#include "web/bcrypt.hpp"
#include "web/web_config.hpp"

using namespace tocsin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)web::parse_basic_auth(text);
  (void)web::parse_basic_auth("Basic " + text);
  MemFs fs;
  check(fs.write_file_atomic("/f", text).has_value(), "BUG: memory refuses a file");
  std::vector<web::SeenFile> seen;
  const auto config = web::load_web_config(fs, "/f", &seen);
  check(!seen.empty() && seen.front().path == "/f" && seen.front().exists, "BUG: the file itself was not seen");
  if (!config) {
    check(config.error().message.starts_with("/f:"), "BUG: an error without the file's name");
    return 0;
  }
  for (const auto& [name, hash] : (*config)->users) {
    check(web::check_bcrypt_hash(hash.reveal()).has_value(), "BUG: a user with no hash");
    const int cost = web::bcrypt_cost(hash.reveal());
    check(cost >= 4 && cost <= 31, "BUG: a cost out of range");
  }
  for (const auto& [name, value] : (*config)->headers) check(!value.empty(), "BUG: an empty field");
  return 0;
}
