// Any text as YAML: never a crash, a hang or an exception; every error has the file's name; what is accepted can be
// walked, written out and read again.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.hpp"
#include "yaml/node.hpp"
#include "yaml/write.hpp"

using namespace tocsin;
using yaml::Node;

namespace {

void walk(const Node& node, int& budget) {
  if (--budget <= 0) return;
  (void)node.as_string();
  (void)node.as_bool();
  (void)node.as_int();
  (void)node.as_double();
  (void)node.as_duration();
  (void)node.as_bytes();
  (void)node.as_strings();
  check(!node.where().empty(), "BUG: a node without a place");
  for (const Node::Entry& entry : node.entries()) {
    // A key that is longer than YAML's limit when it is written with escapes cannot be read back.
    if (entry.key.text().size() > 100) budget = 0;
    check(node[entry.key.text()].kind() == entry.value.kind(), "BUG: a key does not find its value");
    walk(entry.value, budget);
  }
  for (const Node& element : node.elements()) walk(element, budget);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto documents = yaml::parse_all(text, "f");
  if (!documents) {
    check(documents.error().message.starts_with("f:"), "BUG: an error without the file's name");
    return 0;
  }
  const auto open = [](std::string_view) { return false; };
  for (const Node& root : *documents) {
    int budget = 20'000;
    walk(root, budget);
    if (budget <= 0) continue;
    const std::string written = yaml::write(root, open);
    const auto again = yaml::parse(written, "again");
    check(again.has_value(), "BUG: what was written cannot be read");
    check(yaml::write(*again, open) == written, "BUG: writing is not stable");
  }
  return 0;
}
