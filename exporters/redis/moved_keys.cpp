#include "exporters/redis/moved_keys.hpp"

#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxNodes = 100;  // of a cluster

}  // namespace

bool note_moved(MovedKeys& moved, const std::string& key, const Reply& answer) {
  std::string_view text = answer.text();
  if (!answer.is_error() || take_part(text, ' ') != "MOVED") return false;
  take_part(text, ' ');
  if (moved.size() < kMaxNodes || moved.contains(std::string(text))) moved[std::string(text)].push_back(key);
  return true;
}

net::Task<Result<void>> ask_nodes(std::shared_ptr<Round> round, std::vector<std::string> keys, AskNode ask) {
  TOCSIN_CO_TRY(auto moved, co_await ask(round->client, std::move(keys)));
  if (!round->options->is_cluster) co_return Result<void>();
  auto left = static_cast<int>(moved.size());
  for (auto& [address, theirs] : moved) {
    const MonoTime now = round->loop.clock().mono();
    if (!round->may_scan()) break;
    // One that stands still leaves their share of the time to the others.
    auto node = co_await round->connect_node(address, now + (round->scan_deadline - now) / (1 + left--));
    if (node) static_cast<void>(co_await ask(*node, std::move(theirs)));
  }
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
