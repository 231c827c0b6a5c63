#pragma once
// A Db over a file system in memory, with its upkeep by hand.

#include <memory>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "support/storage_suite.hpp"
#include "tsdb/db.hpp"

namespace tocsin::tsdb {

inline TsdbOptions options_for(Fs& fs) {
  TsdbOptions options;
  options.path = "/data";
  options.fs = &fs;
  options.threads = false;
  options.min_block_duration = {};  // all stays in the head
  options.chunk_piece_bytes = 8 * 1024;
  return options;
}

inline std::unique_ptr<Db> open_db(const TsdbOptions& options) {
  auto db = Db::open(options);
  INFO((db ? std::string() : db.error().message));
  REQUIRE(db);
  while (options.threads && !(*db)->whole()) std::this_thread::yield();
  return std::move(*db);
}
inline std::unique_ptr<Db> open_db(Fs& fs) {
  return open_db(options_for(fs));
}

/// Appends and commits; the status of the sample.
inline storage::AppendStatus add(storage::Appendable& db, const model::Labels& labels, Timestamp t, double value) {
  auto appender = db.appender();
  const auto result = appender->append(0, &labels, t, value);
  REQUIRE(appender->commit());
  return result.status;
}

}  // namespace tocsin::tsdb
