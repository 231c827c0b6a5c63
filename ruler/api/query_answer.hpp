#pragma once
// The answer to a query: a short one at once, a long one in pieces that are written as they are sent.

#include <functional>
#include <memory>
#include <string>

#include "api/json_writer.hpp"
#include "net/http.hpp"
#include "promql/engine.hpp"

namespace tocsin::api {

/// Where the pieces are made, and how they go out. Both outlive the answer's task.
struct AnswerPath {
  net::TaskLoop& loop;
  Executor& executor;      // of the lane
  bool take_gzip = false;  // the client accepts it; short answers are the server's to compress
};

/// A result of up to about 64 KiB of JSON is a body. A longer one is a stream: each piece is written, and compressed,
/// on the executor when the client has taken the one before. Then only the result and a piece are in memory.
/// @param write_stats  the member "stats", or nullptr.
/// Thread: a worker's.
net::HttpResponse query_answer(AnswerPath path, promql::QueryResult result,
                               std::function<void(JsonWriter&)> write_stats);

}  // namespace tocsin::api
