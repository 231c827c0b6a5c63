// Questions whose number depends on an answer: the masters of a Sentinel, the indexes of RediSearch.

#include "exporters/redis/answers.hpp"
#include "exporters/redis/round.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxMasters = 1000;
constexpr std::size_t kMaxIndexes = 1000;

}  // namespace

net::Task<Result<void>> ask_sentinel(std::shared_ptr<Round> round) {
  Pipeline first;
  first.add({"SENTINEL", "MASTERS"});
  if (round->options->include_config_metrics) first.add({"SENTINEL", "CONFIG", "GET", "*"});
  TOCSIN_CO_TRY(const auto answers, co_await round->client->ask(std::move(first), round->deadline));
  if (answers->size() > 1) put_sentinel_config(round->metrics, answers->at(1));
  std::vector<Reply> masters;
  Pipeline second;
  answers->at(0).each([&](const Reply& master) {
    const std::string_view name = master.text_of("name");
    if (name.empty() || masters.size() >= kMaxMasters) return;
    masters.push_back(master);
    second.add({"SENTINEL", "CKQUORUM", name});
    second.add({"SENTINEL", "SENTINELS", name});
    second.add({"SENTINEL", "SLAVES", name});
  });
  TOCSIN_CO_TRY(const auto details, co_await round->client->ask(std::move(second), round->deadline));
  for (std::size_t i = 0; i < masters.size(); ++i) {
    const SentinelMaster master{masters[i], details->at(3 * i), details->at(3 * i + 1), details->at(3 * i + 2)};
    put_sentinel_master(round->metrics, master, round->options->include_sentinel_peer_info);
  }
  co_return Result<void>();
}

net::Task<Result<void>> ask_search_indexes(std::shared_ptr<Round> round) {
  Pipeline first;
  first.add({"FT._LIST"});
  TOCSIN_CO_TRY(const auto indexes, co_await round->client->ask(std::move(first), round->deadline));
  Pipeline second;
  indexes->at(0).each([&](const Reply& index) {
    const auto& wanted = round->options->check_search_indexes;
    if (second.size() >= kMaxIndexes || (wanted && !re2::RE2::PartialMatch(index.text(), *wanted))) return;
    second.add({"FT.INFO", index.text()});
  });
  TOCSIN_CO_TRY(const auto details, co_await round->client->ask(std::move(second), round->deadline));
  for (std::size_t i = 0; i < details->size(); ++i) put_search_index(round->metrics, details->at(i));
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
