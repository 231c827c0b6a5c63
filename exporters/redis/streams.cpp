#include "exporters/redis/answers.hpp"
#include "exporters/redis/moved_keys.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kBatch = 200;  // streams of one trip

/// Groups of streams, and their consumers.
struct Group {
  std::string stream, name;
};

net::Task<Result<void>> ask_consumers(std::shared_ptr<Round> round, std::shared_ptr<Client> client,
                                      std::string database, std::vector<Group> groups) {
  Pipeline pipeline;
  for (const Group& group : groups) pipeline.add({"XINFO", "CONSUMERS", group.stream, group.name});
  TOCSIN_CO_TRY(const auto replies, co_await client->ask(std::move(pipeline), round->deadline_of(*client)));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    put_stream_consumers(round->metrics, database, groups[i].stream, groups[i].name, replies->at(i));
  }
  co_return Result<void>();
}

net::Task<Result<MovedKeys>> describe(std::shared_ptr<Round> round, std::shared_ptr<Client> client,
                                      std::string database, std::vector<std::string> names) {
  MovedKeys moved;
  for (std::size_t begin = 0; begin < names.size(); begin += kBatch) {
    const std::size_t end = std::min(names.size(), begin + kBatch);
    Pipeline pipeline;
    for (std::size_t i = begin; i < end; ++i) {
      pipeline.add({"XINFO", "STREAM", names[i]});
      pipeline.add({"XINFO", "GROUPS", names[i]});
    }
    TOCSIN_CO_TRY(const auto replies, co_await client->ask(std::move(pipeline), round->deadline_of(*client)));
    std::vector<Group> groups;
    for (std::size_t i = begin; i < end; ++i) {
      const Reply info = replies->at(2 * (i - begin)), all = replies->at(2 * (i - begin) + 1);
      if (note_moved(moved, names[i], info) || !info.is_array() || all.is_error()) continue;
      put_stream(round->metrics, database, names[i], info);
      all.each([&](const Reply& group) {
        put_stream_group(round->metrics, database, names[i], group);
        groups.push_back({names[i], std::string(group.text_of("name"))});
      });
    }
    if (round->options->streams_exclude_consumer_metrics) continue;
    TOCSIN_CO_OK(co_await ask_consumers(round, client, database, std::move(groups)));
  }
  co_return moved;
}

}  // namespace

net::Task<Result<void>> ask_streams(std::shared_ptr<Round> round) {
  TOCSIN_CO_TRY(auto found,
                co_await find_keys(round, round->options->check_single_streams, round->options->check_streams));
  for (DatabaseKeys& streams : found) {
    TOCSIN_CO_TRY(const bool selected, co_await select_database(round, streams.database));
    if (!selected) continue;
    AskNode ask = [round, database = fmt::format("db{}", streams.database)](std::shared_ptr<Client> client,
                                                                            std::vector<std::string> names) {
      return describe(round, std::move(client), database, std::move(names));
    };
    TOCSIN_CO_OK(co_await ask_nodes(round, std::move(streams.keys), std::move(ask)));
  }
  co_return Result<void>();
}

}  // namespace tocsin::exporters::redis
