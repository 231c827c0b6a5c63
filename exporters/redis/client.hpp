#pragma once
// One connection to a Redis server: commands go out together, answers come back together.

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exporters/collector/server_stream.hpp"
#include "exporters/redis/replies.hpp"

namespace tocsin::exporters::redis {

/// Commands that are sent in one go. A value.
class Pipeline {
 public:
  /// @return which answer will be this command's
  std::size_t add(std::initializer_list<std::string_view> words) {
    return add(std::span<const std::string_view>(words.begin(), words.size()));
  }
  std::size_t add(std::span<const std::string_view> words);
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::string take_bytes() { return std::move(bytes_); }

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

/// Thread: the loop's; one call at a time. After an error the connection is of no use.
class Client {
 public:
  Client(net::TaskLoop& loop, std::unique_ptr<net::Connection> connection) : stream_(loop, std::move(connection)) {}

  /// Errors: kTimeout "context deadline exceeded", kIo, kCorrupt, kLimit. What the server calls an error is an answer.
  net::Task<Result<std::shared_ptr<const Replies>>> ask(Pipeline pipeline, MonoTime deadline);

  /// Whether the next command is sure to get its own answer: nothing failed, and nothing is under way.
  bool is_usable() { return !asking_ && !stream_.is_stale(); }

  // What the caller knows of the connection.
  std::int64_t database = 0;
  std::optional<bool> has_command_log;  // Valkey's COMMANDLOG; nothing: not asked yet

 private:
  ServerStream stream_;
  bool asking_ = false;  // also after a failure, or when a task was dropped in the middle
};

}  // namespace tocsin::exporters::redis
