#include "exporters/redis/answers.hpp"
#include "exporters/redis/round.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kBatch = 200;  // streams of one trip

/// Groups of streams, and their consumers.
struct Group {
  std::string stream, name;
};

net::Task<Result<void>> ask_consumers(std::shared_ptr<Round> round, std::string database, std::vector<Group> groups) {
  Pipeline pipeline;
  for (const Group& group : groups) pipeline.add({"XINFO", "CONSUMERS", group.stream, group.name});
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    put_stream_consumers(round->metrics, database, groups[i].stream, groups[i].name, replies->at(i));
  }
  co_return Result<void>();
}

net::Task<Result<void>> ask_batch(std::shared_ptr<Round> round, std::string database, std::vector<std::string> names) {
  Pipeline pipeline;
  for (const std::string& name : names) {
    pipeline.add({"XINFO", "STREAM", name});
    pipeline.add({"XINFO", "GROUPS", name});
  }
  TOCSIN_CO_TRY(const auto replies, co_await round->client->ask(std::move(pipeline), round->deadline));
  std::vector<Group> groups;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Reply info = replies->at(2 * i), all = replies->at(2 * i + 1);
    if (!info.is_array() || all.is_error()) continue;
    put_stream(round->metrics, database, names[i], info);
    all.each([&](const Reply& group) {
      put_stream_group(round->metrics, database, names[i], group);
      groups.push_back({names[i], std::string(group.text_of("name"))});
    });
  }
  if (round->options->streams_exclude_consumer_metrics) co_return Result<void>();
  co_return co_await ask_consumers(round, database, std::move(groups));
}

}  // namespace

net::Task<Result<void>> ask_streams(std::shared_ptr<Round> round) {
  TOCSIN_CO_TRY(auto found,
                co_await find_keys(round, round->options->check_single_streams, round->options->check_streams));
  for (const DatabaseKeys& streams : found) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, streams.database));
    if (!selected) continue;
    for (std::size_t begin = 0; begin < streams.keys.size(); begin += kBatch) {
      const auto from = streams.keys.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto count = static_cast<std::ptrdiff_t>(std::min(kBatch, streams.keys.size() - begin));
      TOCSIN_CO_OK(co_await ask_batch(round, fmt::format("db{}", streams.database), {from, from + count}));
    }
  }
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
