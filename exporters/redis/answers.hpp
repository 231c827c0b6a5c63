#pragma once
// What single answers of a server say in metrics. All take answers that are errors, or of another shape, as nothing
// said.

#include <cstdint>
#include <string_view>

#include "exporters/redis/info.hpp"
#include "exporters/redis/metrics.hpp"
#include "exporters/redis/options.hpp"
#include "exporters/redis/replies.hpp"

namespace tocsin::exporters::redis {

/// CONFIG GET *. @return the number of databases; 0: not known. kCorrupt if it is no number.
Result<std::int64_t> put_config(Metrics& metrics, const Reply& config, const Options& options);
/// CONFIG GET commandlog-* and COMMANDLOG LEN slow, large-request, large-reply.
void put_command_log_config(Metrics& metrics, const Reply& config);
void put_command_log_length(Metrics& metrics, std::string_view kind, const Reply& length);
/// LATENCY LATEST.
void put_latency_spikes(Metrics& metrics, const Reply& latest);
/// LATENCY HISTOGRAM.
void put_latency_histograms(Metrics& metrics, const Reply& histograms, const CommandStats& commands);
/// SLOWLOG LEN and SLOWLOG GET 1.
void put_slow_log(Metrics& metrics, const Reply& length, const Reply& entries);
/// CLIENT LIST.
void put_clients(Metrics& metrics, std::string_view list, std::int64_t now_seconds, bool with_port);
/// SERVER EXT of Tile38.
void put_tile38(Metrics& metrics, const Reply& server);
/// FT.INFO of one index.
void put_search_index(Metrics& metrics, const Reply& index);
/// The answer of a script. kExecution if it failed, or its values are no numbers.
Result<void> put_script(Metrics& metrics, std::string_view file, const Reply& values);

/// One master of SENTINEL MASTERS, and what SENTINEL CKQUORUM, SENTINELS and SLAVES say of it.
struct SentinelMaster {
  Reply master, quorum, sentinels, slaves;
};
void put_sentinel_master(Metrics& metrics, const SentinelMaster& answers, bool include_peer_info);
/// SENTINEL CONFIG GET *.
void put_sentinel_config(Metrics& metrics, const Reply& config);

/// XINFO STREAM.
void put_stream(Metrics& metrics, std::string_view database, std::string_view stream, const Reply& info);
/// One group of XINFO GROUPS.
void put_stream_group(Metrics& metrics, std::string_view database, std::string_view stream, const Reply& group);
/// XINFO CONSUMERS.
void put_stream_consumers(Metrics& metrics, std::string_view database, std::string_view stream, std::string_view group,
                          const Reply& consumers);

}  // namespace tocsin::exporters::redis
