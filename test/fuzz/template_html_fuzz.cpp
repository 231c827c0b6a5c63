// Any text as an HTML template: it can be escaped or not, and what can runs within its limits. A value that stands in
// plain text never makes a tag.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "template/template.hpp"

using namespace tocsin;
using tmpl::Value;

namespace {

const Value& data() {
  static const Value made = Value::map({{"A", Value("<zz> & \"q\" 'p' </zz> javascript:x")},
                                        {"B", Value("b")},
                                        {"I", Value(42)},
                                        {"L", Value::list({Value("<zz>"), Value("y")})}});
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > 2048) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  static const auto functions = std::make_shared<const tmpl::FuncMap>();
  const auto set = tmpl::Template::parse("t", text, functions);
  if (!set) return 0;
  const auto out = set->execute_html("t", data());
  check(out || !out.error().message.empty(), "BUG: an error without text");
  check(!out || out->size() <= tmpl::ExecLimits{}.output_bytes, "BUG: output beyond its limit");
  // Only mark-up of the template itself can hold the tag.
  if (out && text.find("zz") == std::string_view::npos && text.find('\\') == std::string_view::npos) {
    check(out->find("<zz>") == std::string::npos, "BUG: a value became mark-up");
  }
  return 0;
}
