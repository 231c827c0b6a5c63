#pragma once
// Keys of a cluster that are on another node than the one that is asked.
// Source: redis.io, "Redis cluster specification" (MOVED redirection).

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporters/redis/round.hpp"

namespace tocsin::exporters::redis {

/// By the node that has them: "host:port".
using MovedKeys = std::map<std::string, std::vector<std::string>>;

/// True if the answer is "MOVED 3999 127.0.0.1:6381": the key is there, not here.
bool note_moved(MovedKeys& moved, const std::string& key, const Reply& answer);

/// Asks the client's node about these keys; tells those that it does not have.
using AskNode =
    std::function<net::Task<Result<MovedKeys>>(std::shared_ptr<Client> client, std::vector<std::string> keys)>;

/// Asks the node of the round and then, with `is_cluster`, the nodes that it names. One that does not answer takes only
/// its own keys with it.
net::Task<Result<void>> ask_nodes(std::shared_ptr<Round> round, std::vector<std::string> keys, AskNode ask);

}  // namespace tocsin::exporters::redis
