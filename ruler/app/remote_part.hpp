#pragma once
// What others write to a ruler, and read from it, by Prometheus' remote protocols.

#include <functional>
#include <memory>

#include "app/flags.hpp"
#include "net/runtime.hpp"
#include "remote/read_handler.hpp"
#include "remote/write_handler.hpp"
#include "telemetry/registry.hpp"
#include "tsdb/db.hpp"

namespace tocsin::app {

/// All outlive the part.
struct RemotePartDeps {
  net::Runtime& runtime;
  const Flags& flags;
  tsdb::Db& db;
  // Thread: the loop's.
  std::function<model::Labels()> external_labels;
  std::function<bool()> takes_late;  // whether the store has an out-of-order window
};

/// Thread: the loop's. Must outlive the loop's tasks; the store outlives it.
class RemotePart {
 public:
  explicit RemotePart(RemotePartDeps deps);
  void add_to(net::HttpRouter& router);
  void add_metrics(telemetry::Registry& registry);

 private:
  std::unique_ptr<remote::WriteHandler> write_;  // null: it is off
  remote::ReadHandler read_;
};

}  // namespace tocsin::app
