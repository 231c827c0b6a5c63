#include <algorithm>
#include <map>

#include "exporters/redis/round.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxGroups = 100'000;  // of one database, before the top ones are chosen

/// One batch of SCAN on the server. ARGV: cursor, count, patterns. The group of a key is what the captures of the first
/// pattern that matches catch, one behind the other. Answers the next cursor and {group, keys, bytes}.
constexpr std::string_view kScript = R"lua(
local page = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local keys_of, bytes_of, order = {}, {}, {}
local function group_of(key)
  for i = 3, #ARGV do
    local found = {string.find(key, ARGV[i])}
    if found[1] then return table.concat(found, '', 3) end
  end
  return 'unclassified'
end
for _, key in ipairs(page[2]) do
  local group = group_of(key)
  if not keys_of[group] then
    keys_of[group], bytes_of[group] = 0, 0
    order[#order + 1] = group
  end
  local bytes = redis.pcall('MEMORY', 'USAGE', key)
  if type(bytes) ~= 'number' then bytes = 0 end
  keys_of[group] = keys_of[group] + 1
  bytes_of[group] = bytes_of[group] + bytes
end
local answer = {}
for i, group in ipairs(order) do answer[i] = {group, keys_of[group], bytes_of[group]} end
return {page[1], answer}
)lua";

struct Sum {
  double keys = 0, bytes = 0;
};
using Groups = std::map<std::string, Sum, std::less<>>;

/// Nothing if they could not be had to the end.
net::Task<Result<std::optional<Groups>>> ask_groups(std::shared_ptr<Round> round) {
  Groups groups;
  std::string cursor = "0";
  const std::string batch = fmt::format("{}", round->options->check_keys_batch_size);
  do {
    if (!round->may_scan() || groups.size() > kMaxGroups) {
      ++round->unfinished_scans;
      co_return std::nullopt;
    }
    std::vector<std::string_view> words = {"EVAL", kScript, "0", cursor, batch};
    for (const std::string& pattern : round->options->check_key_groups) words.push_back(pattern);
    Pipeline pipeline;
    pipeline.add(words);
    TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
    const Reply answer = replies->at(0);
    if (answer.size() != 2) co_return std::nullopt;
    answer.at(1)->each([&](const Reply& group) {
      if (group.size() < 3) return;
      Sum& sum = groups[std::string(group.at(0)->text())];
      sum.keys += static_cast<double>(group.at(1)->integer().value_or(0));
      sum.bytes += static_cast<double>(group.at(2)->integer().value_or(0));
    });
    cursor = answer.at(0)->text();
  } while (cursor != "0");
  co_return groups;
}

void put_group(Metrics& metrics, std::string_view database, std::string_view group, const Sum& sum) {
  metrics.gauge("redis_key_group_count", sum.keys, {{"db", database}, {"key_group", group}});
  metrics.gauge("redis_key_group_memory_usage_bytes", sum.bytes, {{"db", database}, {"key_group", group}});
}

/// The groups with the most memory; the others together are "overflow".
void put_groups(Round& round, std::string_view database, const Groups& groups) {
  std::vector<const Groups::value_type*> order;
  for (const auto& group : groups) order.push_back(&group);
  std::ranges::sort(order, [](const auto* a, const auto* b) {
    return a->second.bytes != b->second.bytes ? a->second.bytes > b->second.bytes : a->first < b->first;
  });
  const std::size_t shown = std::min<std::size_t>(order.size(), round.options->max_distinct_key_groups);
  Sum rest;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i < shown) {
      put_group(round.metrics, database, order[i]->first, order[i]->second);
    } else {
      rest.keys += order[i]->second.keys;
      rest.bytes += order[i]->second.bytes;
    }
  }
  if (shown < order.size()) put_group(round.metrics, database, "overflow", rest);
  round.metrics.gauge("redis_number_of_distinct_key_groups", static_cast<double>(groups.size()), {{"db", database}});
}

}  // namespace

net::Task<Result<void>> ask_key_groups(std::shared_ptr<Round> round, std::int64_t databases) {
  const MonoTime began = round->loop.clock().mono();
  for (std::int64_t i = 0; i < databases && !round->options->check_key_groups.empty(); ++i) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, i));
    if (!selected) continue;
    TOCSIN_CO_TRY(const auto groups, co_await ask_groups(round));
    if (groups) put_groups(*round, fmt::format("db{}", i), *groups);
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(round->loop.clock().mono() - began);
  round->metrics.gauge("redis_last_key_groups_scrape_duration_milliseconds", static_cast<double>(took.count()));
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
