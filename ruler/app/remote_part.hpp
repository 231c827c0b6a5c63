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

/// Thread: the loop's. Must outlive the loop's tasks; the store outlives it.
class RemotePart {
 public:
  RemotePart(net::Runtime& runtime, const Flags& flags, tsdb::Db& db, std::function<model::Labels()> external_labels);
  void add_to(net::HttpRouter& router);
  void add_metrics(telemetry::Registry& registry);

 private:
  std::unique_ptr<remote::WriteHandler> write_;  // null: it is off
  remote::ReadHandler read_;
};

}  // namespace tocsin::app
