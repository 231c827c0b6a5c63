// Any bytes as answers of Redis, in one piece and in small ones: nothing may crash, both ways agree, and what is put
// into a page renders.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporters/redis/answers.hpp"

namespace {

using namespace tocsin::exporters::redis;

constexpr ReplyLimits kLimits{.bytes = 1U << 16U, .values = 1000, .depth = 8};

void walk(const Reply& reply, int& budget) {
  if (--budget < 0) return;
  reply.each([&](const Reply& element) { walk(element, budget); });
  reply.each_pair(
      [](const Reply& key, const Reply& value) { static_cast<void>(key.text().size() + value.text().size()); });
  static_cast<void>(reply.find("name"));
}

void put_all(Metrics& metrics, const Reply& reply) {
  static_cast<void>(put_config(metrics, reply, {.include_config_metrics = true}));
  put_command_log_config(metrics, reply);
  put_latency_spikes(metrics, reply);
  put_latency_histograms(metrics, reply, {});
  put_slow_log(metrics, reply, reply);
  put_clients(metrics, reply.text(), 1000, true);
  put_tile38(metrics, reply);
  put_search_index(metrics, reply);
  static_cast<void>(put_script(metrics, "x.lua", reply));
  put_sentinel_config(metrics, reply);
  put_sentinel_master(metrics, {reply, reply, reply, reply}, true);
  put_stream(metrics, "db0", "s", reply);
  put_stream_consumers(metrics, "db0", "s", "g", reply);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Replies whole(2, kLimits), pieces(2, kLimits);
  const bool good = whole.feed(bytes).has_value();
  bool still = true;
  for (std::size_t at = 0; at < size && still; at += 3) still = pieces.feed(bytes.substr(at, 3)).has_value();
  if (good && (!still || whole.done() != pieces.done())) std::abort();
  tocsin::expo::Page page;
  page.begin();
  Metrics metrics(page);
  if (good && whole.done()) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      int budget = 10'000;
      walk(whole.at(i), budget);
      put_all(metrics, whole.at(i));
    }
  }
  put_info(metrics, bytes, {.now_seconds = 1000, .databases = 3, .include_system_metrics = true});
  put_fields(metrics, bytes);
  put_modules(metrics, bytes);
  page.end();
  static_cast<void>(page.render());
  static_cast<void>(parse_address(bytes));
  static_cast<void>(parse_key_patterns(bytes));
  static_cast<void>(parse_key_groups(bytes));
  return 0;
}
