// Any bytes as a watch and as a page of a list: no crash; what is taken becomes groups, and the pieces that the bytes
// come in make no difference.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "discovery/kubernetes_groups.hpp"
#include "discovery/kubernetes_parse.hpp"
#include "discovery/line_splitter.hpp"

namespace {

using namespace tocsin::discovery;
using namespace tocsin::discovery::kubernetes;

constexpr std::size_t kLimit = 1U << 20U;

std::vector<std::string> lines_of(std::string_view bytes, std::size_t step) {
  LineSplitter splitter(kLimit, kLimit);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (!splitter.add(bytes.substr(at, step))) break;
  }
  while (!splitter.empty()) out.push_back(splitter.take());
  return out;
}

void make(const ObjectPtr& object) {
  const Attach attach{true, true, true, true, true};
  // Whatever is asked for is this object, if it is of that kind.
  const Find find = [&object](Kind kind, const std::string&) { return kind == object->kind ? object : ObjectPtr(); };
  const TargetGroup group = make_group(*object, attach, Related(*object, attach, find));
  if (group.source.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Namespaces, replica sets and jobs are of no role.
  const auto kind = static_cast<Kind>(data[0] % (static_cast<unsigned>(Kind::kIngress) + 1));
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto lines = lines_of(bytes, bytes.size() + 1);
  if (lines != lines_of(bytes, 1)) std::abort();
  for (const std::string& line : lines) {
    const auto event = parse_event(kind, line);
    if (event && event->object) make(event->object);
  }
  if (const auto page = parse_page(kind, bytes)) std::for_each(page->objects.begin(), page->objects.end(), make);
  parse_status(500, bytes);
  return 0;
}
