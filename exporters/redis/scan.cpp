#include <map>
#include <unordered_set>

#include "exporters/redis/round.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxKeys = 10'000;  // of one pattern

struct Progress {
  Scan scan;
  std::string cursor = "0";
  std::unordered_set<std::string> seen;
  bool under_way() const { return !scan.finished && !scan.refused && scan.keys.size() < kMaxKeys; }
};

void take_answer(Progress& progress, const Reply& answer, bool keep_keys) {
  if (answer.size() != 2) {
    progress.scan.refused = true;
    return;
  }
  progress.cursor = answer.at(0)->text();
  progress.scan.finished = progress.cursor == "0";
  const Reply keys = *answer.at(1);
  progress.scan.count += keys.size();
  if (!keep_keys) return;
  keys.each([&](const Reply& key) {
    std::string name(key.text());
    if (progress.scan.keys.size() >= kMaxKeys || !progress.seen.insert(name).second) return;
    progress.scan.keys.push_back(std::move(name));
  });
}

}  // namespace

net::Task<Result<bool>> select_database(std::shared_ptr<Round> round, std::int64_t database) {
  if (round->client->database == database) co_return true;
  Pipeline pipeline;
  pipeline.add({"SELECT", fmt::format("{}", database)});
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  if (replies->at(0).is_error()) co_return false;
  round->client->database = database;
  co_return true;
}

net::Task<Result<std::vector<Scan>>> scan(std::shared_ptr<Round> round, std::vector<std::string> patterns,
                                          bool keep_keys) {
  std::vector<Progress> all;
  for (std::string& pattern : patterns) all.push_back({.scan = {.pattern = std::move(pattern)}});
  const std::string batch = fmt::format("{}", round->options->check_keys_batch_size);
  while (round->may_scan()) {
    Pipeline pipeline;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].under_way()) continue;
      pipeline.add({"SCAN", all[i].cursor, "MATCH", all[i].scan.pattern, "COUNT", batch});
      asked.push_back(i);
    }
    if (asked.empty()) break;
    TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
    for (std::size_t i = 0; i < asked.size(); ++i) take_answer(all[asked[i]], replies->at(i), keep_keys);
  }
  std::vector<Scan> scans;
  for (Progress& progress : all) {
    if (!progress.scan.finished) ++round->unfinished_scans;
    scans.push_back(std::move(progress.scan));
  }
  co_return scans;
}

net::Task<Result<std::vector<DatabaseKeys>>> find_keys(std::shared_ptr<Round> round, std::vector<KeyPattern> named,
                                                       std::vector<KeyPattern> patterns) {
  struct Wanted {
    std::vector<std::string> keys, patterns;
  };
  std::map<std::int64_t, Wanted> databases;
  for (KeyPattern& key : named) databases[key.database].keys.push_back(std::move(key.key));
  for (KeyPattern& pattern : patterns) {
    Wanted& wanted = databases[pattern.database];
    (pattern.is_pattern() ? wanted.patterns : wanted.keys).push_back(std::move(pattern.key));
  }
  std::vector<DatabaseKeys> found;
  for (auto& [database, wanted] : databases) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, database));
    if (!selected) continue;
    TOCSIN_CO_TRY(auto scans, co_await scan(round, std::move(wanted.patterns), true));
    for (Scan& one : scans) {
      wanted.keys.insert(wanted.keys.end(), std::make_move_iterator(one.keys.begin()),
                         std::make_move_iterator(one.keys.end()));
    }
    std::ranges::sort(wanted.keys);
    const auto repeated = std::ranges::unique(wanted.keys);
    wanted.keys.erase(repeated.begin(), repeated.end());
    found.push_back({database, std::move(wanted.keys)});
  }
  co_return found;
}

net::Task<Result<void>> ask_key_counts(std::shared_ptr<Round> round) {
  std::map<std::int64_t, std::vector<std::string>> databases;
  for (const KeyPattern& pattern : round->options->count_keys) databases[pattern.database].push_back(pattern.key);
  for (auto& [database, patterns] : databases) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, database));
    if (!selected) continue;
    TOCSIN_CO_TRY(const auto scans, co_await scan(round, std::move(patterns), false));
    const std::string label = fmt::format("db{}", database);
    for (const Scan& one : scans) {
      if (!one.finished) continue;  // a part of a count is no count
      round->metrics.gauge("redis_keys_count", static_cast<double>(one.count), {{"db", label}, {"key", one.pattern}});
    }
  }
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
