#pragma once
// One round of questions to a server, and the parts of it that take several trips.
//
// All take what the server calls an error as "it has nothing of the kind"; an error that they return means that the
// connection is of no use any more.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporters/redis/client.hpp"
#include "exporters/redis/metrics.hpp"
#include "exporters/redis/options.hpp"

namespace tocsin::exporters::redis {

/// Thread: the loop's. Owned by the tasks that use it.
struct Round {
  std::shared_ptr<expo::Page> page;
  std::shared_ptr<const Options> options;
  std::shared_ptr<Client> client;
  net::TaskLoop& loop;
  MonoTime deadline{0};       // of every answer
  MonoTime scan_deadline{0};  // no more searching for keys from then on
  Metrics metrics{*page};
  std::size_t unfinished_scans = 0;
  /// A connection to another node of the cluster, for the keys that are there, if it can be had by then.
  std::function<net::Task<Result<std::shared_ptr<Client>>>(std::string address, MonoTime limit)> connect_node;

  bool may_scan() const { return loop.clock().mono() < scan_deadline; }
  /// Of an answer of this connection: another node may not take the time of the node itself.
  MonoTime deadline_of(const Client& asked) const { return &asked == client.get() ? deadline : scan_deadline; }
};

/// check_keys and check_single_keys.
net::Task<Result<void>> ask_keys(std::shared_ptr<Round> round);
/// count_keys.
net::Task<Result<void>> ask_key_counts(std::shared_ptr<Round> round);
/// check_streams and check_single_streams.
net::Task<Result<void>> ask_streams(std::shared_ptr<Round> round);
/// check_key_groups, in each database from 0 on.
net::Task<Result<void>> ask_key_groups(std::shared_ptr<Round> round, std::int64_t databases);
/// The masters that a Sentinel watches.
net::Task<Result<void>> ask_sentinel(std::shared_ptr<Round> round);
/// include_search_indexes_metrics.
net::Task<Result<void>> ask_search_indexes(std::shared_ptr<Round> round);

/// Makes it the connection's database. False if the server refuses.
net::Task<Result<bool>> select_database(std::shared_ptr<Round> round, std::int64_t database);

/// What SCAN finds in the connection's database.
struct Scan {
  std::string pattern;
  std::vector<std::string> keys;  // each once, if they are kept
  std::uint64_t count = 0;        // as often as they came
  bool finished = false;
  bool refused = false;
};
/// Searches for all patterns at once. Those that are not finished in time, or find too many keys, are counted in
/// unfinished_scans.
net::Task<Result<std::vector<Scan>>> scan(std::shared_ptr<Round> round, std::vector<std::string> patterns,
                                          bool keep_keys);

/// Keys and streams that are asked for by name, and those that are found, by database.
struct DatabaseKeys {
  std::int64_t database = 0;
  std::vector<std::string> keys;
};
net::Task<Result<std::vector<DatabaseKeys>>> find_keys(std::shared_ptr<Round> round, std::vector<KeyPattern> named,
                                                       std::vector<KeyPattern> patterns);

}  // namespace tocsin::exporters::redis
