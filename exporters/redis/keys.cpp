#include "exporters/redis/moved_keys.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kBatch = 500;           // keys of one trip
constexpr std::size_t kMaxValueBytes = 4096;  // of a string that is shown

/// The command that tells the length of a value, or "".
std::string_view length_command(std::string_view type) {
  if (type == "list") return "LLEN";
  if (type == "set") return "SCARD";
  if (type == "zset") return "ZCARD";
  if (type == "hash") return "HLEN";
  if (type == "stream") return "XLEN";
  if (type == "array") return "ARCOUNT";  // Redis 8.8
  return {};
}

/// Strings: PFCOUNT is an error unless it is a HyperLogLog, whose length STRLEN does not tell.
void put_string(Round& round, std::string_view database, std::string_view key, const Replies& replies,
                std::size_t first) {
  const auto distinct = replies.at(first).integer(), length = replies.at(first + 1).integer();
  const Metrics::Labels labels = {{"db", database}, {"key", key}};
  if (distinct) return round.metrics.gauge("redis_key_size", static_cast<double>(*distinct), labels);
  if (!length) return;
  round.metrics.gauge("redis_key_size", static_cast<double>(*length), labels);
  const std::string_view value = replies.at(first + 2).text();
  if (round.options->disable_exporting_key_values || replies.at(first + 2).is_error() || value.empty() ||
      *length > static_cast<std::int64_t>(kMaxValueBytes)) {
    return;
  }
  if (const auto number = to_double(value)) return round.metrics.gauge("redis_key_value", *number, labels);
  round.metrics.gauge("redis_key_value_as_string", 1, {{"db", database}, {"key", key}, {"val", value}});
}

/// Sizes of keys whose types are known.
net::Task<Result<void>> ask_sizes(std::shared_ptr<Round> round, std::shared_ptr<Client> client, std::string database,
                                  std::vector<std::pair<std::string, std::string>> typed) {
  Pipeline pipeline;
  std::vector<std::size_t> first(typed.size());
  const std::string last_byte = fmt::format("{}", kMaxValueBytes - 1);
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const auto& [key, type] = typed[i];
    first[i] = pipeline.size();
    if (type == "string") {
      pipeline.add({"PFCOUNT", key});
      pipeline.add({"STRLEN", key});
      pipeline.add({"GETRANGE", key, "0", last_byte});
    } else {
      pipeline.add({length_command(type), key});
    }
  }
  TOCSIN_CO_TRY(const auto replies, co_await client->ask(std::move(pipeline), round->deadline_of(*client)));
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const auto& [key, type] = typed[i];
    if (type == "string") {
      put_string(*round, database, key, *replies, first[i]);
    } else if (const auto size = replies->at(first[i]).integer()) {
      round->metrics.gauge("redis_key_size", static_cast<double>(*size), {{"db", database}, {"key", key}});
    }
  }
  co_return Result<void>();
}

net::Task<Result<MovedKeys>> describe(std::shared_ptr<Round> round, std::shared_ptr<Client> client,
                                      std::string database, std::vector<std::string> keys) {
  MovedKeys moved;
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatch) {
    const std::size_t end = std::min(keys.size(), begin + kBatch);
    Pipeline pipeline;
    for (std::size_t i = begin; i < end; ++i) {
      pipeline.add({"TYPE", keys[i]});
      pipeline.add({"MEMORY", "USAGE", keys[i]});
    }
    TOCSIN_CO_TRY(const auto replies, co_await client->ask(std::move(pipeline), round->deadline_of(*client)));
    std::vector<std::pair<std::string, std::string>> typed;
    for (std::size_t i = begin; i < end; ++i) {
      const Reply type = replies->at(2 * (i - begin)), memory = replies->at(2 * (i - begin) + 1);
      if (note_moved(moved, keys[i], type)) continue;
      if (memory.kind() == Reply::Kind::kInteger) {
        round->metrics.gauge("redis_key_memory_usage_bytes", static_cast<double>(*memory.integer()),
                             {{"db", database}, {"key", keys[i]}});
      }
      if (type.is_error() || (type.text() != "string" && length_command(type.text()).empty())) continue;
      typed.emplace_back(keys[i], type.text());
    }
    TOCSIN_CO_OK(co_await ask_sizes(round, client, database, std::move(typed)));
  }
  co_return moved;
}

}  // namespace

net::Task<Result<void>> ask_keys(std::shared_ptr<Round> round) {
  TOCSIN_CO_TRY(auto found, co_await find_keys(round, round->options->check_single_keys, round->options->check_keys));
  for (DatabaseKeys& keys : found) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, keys.database));
    if (!selected) continue;
    AskNode ask = [round, database = fmt::format("db{}", keys.database)](std::shared_ptr<Client> client,
                                                                         std::vector<std::string> names) {
      return describe(round, std::move(client), database, std::move(names));
    };
    TOCSIN_CO_OK(co_await ask_nodes(round, std::move(keys.keys), std::move(ask)));
  }
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
