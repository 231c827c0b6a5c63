// Any bytes as answers of memcached: nothing may crash, and what is put into a page renders.

#include <cstdint>
#include <string_view>

#include "exporters/memcached/stats.hpp"
#include "exporters/memcached/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::exporters::memcached;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_address(bytes));
  Answers answers;
  for (Stats* stats : {&answers.stats, &answers.settings, &answers.slabs, &answers.items}) {
    if (auto parsed = parse_stats(take_answer(bytes))) *stats = std::move(*parsed);
  }
  tocsin::expo::Page page;
  page.begin();
  static_cast<void>(put_stats(page, answers));
  page.end();
  static_cast<void>(page.render());
  return 0;
}
