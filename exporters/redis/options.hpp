#pragma once
// What is asked of a Redis server, and how it is reached. The meaning of each option is that of redis_exporter's flag
// of the same name, with `_` in place of `-`.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "base/fs.hpp"
#include "config/http_client_config.hpp"
#include "exporters/collector/credential.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters::redis {

/// Where a server is.
struct Address {
  bool tls = false;
  std::string host;
  std::uint16_t port = 6379;
  std::string unix_socket;  // in place of host and port
  std::int64_t database = 0;
  std::string user;
  Secret password;

  /// "host:port", or the path: what may be printed.
  std::string text() const;
};

/// redis://user:password@host:port/database, rediss://, valkey://, valkeys://, unix:///path, host:port or host.
/// kInvalid.
Result<Address> parse_address(std::string_view text);

/// A key, or a pattern of SCAN, of one database.
struct KeyPattern {
  std::int64_t database = 0;
  std::string key;
  /// It has wildcards, so that it must be searched for.
  bool is_pattern() const { return key.find_first_of("?*[]^") != std::string::npos; }
};

/// "db0=user:*,db3=a%2Cb,plain": percent-decoded, `db0=` by default. kInvalid. Source: redis_exporter README.
Result<std::vector<KeyPattern>> parse_key_patterns(std::string_view text);

/// Lua patterns separated by commas, as a line of CSV.
std::vector<std::string> parse_key_groups(std::string_view text);

struct Script {
  std::string file;
  std::string text;
};

struct Options {
  std::string user;
  std::optional<Credential> password;
  config::TlsConfig tls;

  std::string config_command = "CONFIG";  // "-": not asked
  std::vector<KeyPattern> check_keys, check_single_keys, check_streams, check_single_streams, count_keys;
  std::vector<std::string> check_key_groups;
  std::uint64_t check_keys_batch_size = 1000;
  std::uint64_t max_distinct_key_groups = 100;
  bool streams_exclude_consumer_metrics = false;
  bool disable_exporting_key_values = false;
  bool skip_checkkeys_for_role_master = false;
  std::vector<Script> scripts;
  bool lua_script_read_only = false;
  bool is_cluster = false, is_tile38 = false;
  bool export_client_list = false, export_client_port = false;
  bool ping_on_connect = false, set_client_name = true;
  bool include_config_metrics = false, redact_config_metrics = true;
  bool include_system_metrics = false, include_modules_metrics = false, include_rdb_file_size_metric = false;
  bool include_metrics_for_empty_databases = true, include_sentinel_peer_info = false;
  bool include_search_indexes_metrics = false;
  std::shared_ptr<const re2::RE2> check_search_indexes;  // nullptr: all
  bool exclude_latency_histogram_metrics = false;
  bool append_instance_role_label = false;
  Duration connection_timeout = std::chrono::seconds(15);

  /// Takes its keys; those that are not there keep what they have. Reads the scripts. kInvalid, kIo.
  Result<void> read(yaml::Fields& fields, Fs& fs);
};

}  // namespace tocsin::exporters::redis
