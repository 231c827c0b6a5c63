#pragma once
// One MySQL or MariaDB server, asked for all that is on by one connection, which is kept.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "exporters/collector/blocking_target.hpp"
#include "exporters/mysql/collectors.hpp"
#include "exporters/mysql/custom_queries.hpp"

namespace tocsin::exporters::mysql {

/// What a session is told when it begins, as --exporter.* of mysqld_exporter.
struct SessionOptions {
  std::optional<std::int64_t> lock_wait_timeout = 2;  // seconds for metadata locks; nothing: the server's
  bool log_slow_filter = false;                       // keeps our statements out of the slow log; not for MySQL
  Duration query_timeout = Duration::zero();          // of one collector; 0: the deadline of all
};

struct TargetOptions {
  std::string server;  // in the log
  CollectorOptions collectors = default_options();
  SessionOptions session;
  std::shared_ptr<const sql::CustomQueries> custom;  // or none
};

/// Makes a connection by the deadline.
using Dial = std::function<Result<std::unique_ptr<Connection>>(MonoTime deadline)>;

/// Owns its connection. What collectors fail is told by mysql_exporter_collector_success, and logged once per change;
/// an error of the target is a server that does not answer, or that is older than MySQL 5.5.
class MysqlTarget final : public BlockingTarget {
 public:
  MysqlTarget(const Services& services, TargetOptions options, Dial dial);

 private:
  Result<void> ask(expo::Page& page, MonoTime deadline) override;
  /// A connection that answers, with server_ known. Not answered by a kept one: dials once more.
  Result<void> make_ready(MonoTime deadline);
  Result<void> dial(MonoTime deadline);
  Result<void> learn_version(MonoTime deadline);
  Result<void> begin_session(MonoTime deadline);
  /// What the collectors of one ask() share.
  struct Asked {
    expo::Page& page;
    MonoTime deadline;
    Result<void> result;   // of the server: once it fails, nothing is tried any more
    bool all_well = true;  // no collector has failed
  };
  using Collect = std::function<Result<void>(const Round&)>;
  void ask_one(Asked& asked, const std::string& name, const Collect& collect);
  Result<void> run(const Asked& asked, const Collect& collect);
  void note(const std::string& collector, const Result<void>& result);

  const Clock& clock_;
  const TargetOptions options_;
  const Dial dial_;
  std::unique_ptr<Connection> connection_;
  Server server_;
  std::optional<CustomCollector> custom_;
  std::map<std::string, std::string> failing_;  // collectors, and why
  std::map<std::string, double> failures_;      // of collectors
  double rounds_ = 0;
};

}  // namespace tocsin::exporters::mysql
