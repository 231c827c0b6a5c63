#pragma once
// The section `postgres:` of agent.yml, read.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/collector/credential.hpp"
#include "exporters/collector/source.hpp"
#include "exporters/postgres/dsn.hpp"
#include "exporters/sql/custom_queries.hpp"

namespace tocsin::exporters::postgres {

/// Whose names and labels the metrics have that postgres_exporter changed between its versions.
enum class Style {
  k011,  // Debian 12's 0.11.1: with `server`, settings with their descriptions; what newer versions added comes as well
  k020,  // 0.20's
};

struct StatementOptions {
  bool include_query = false;
  std::uint64_t query_length = 120;
  std::uint64_t limit = 100;
  std::vector<std::string> exclude_databases, exclude_users;
};

/// Thread: any (immutable once read).
struct Options {
  SectionOptions section;
  Style style = Style::k011;
  std::map<std::string, bool, std::less<>> collectors;  // every collector there is
  StatementOptions statements;
  bool default_metrics = true;
  bool settings_metrics = true;
  bool auto_discover_databases = false;
  std::vector<std::string> include_databases, exclude_databases;
  Duration statement_timeout = Duration::zero();  // zero: half of the deadline
  Duration slow_query_threshold = std::chrono::seconds(5);
  std::uint64_t slow_statement_limit = 10;
  std::optional<sql::CustomQueries> custom;

  bool collects(std::string_view collector) const {
    const auto found = collectors.find(collector);
    return found != collectors.end() && found->second;
  }
};

/// Who asks a server, besides what the connection string says.
struct Login {
  std::optional<Credential> dsn, user, password;
  std::map<std::string, std::string> options;  // parameters that override those of the connection string
};

/// How a probe asks: auth_modules.
using AuthModules = std::map<std::string, Login, std::less<>>;

struct TargetOptions {
  std::string server;
  Login login;
};

struct Section {
  std::shared_ptr<Options> options = std::make_shared<Options>();
  std::vector<TargetOptions> targets;
  AuthModules auth_modules;
};

/// Reads the section. Reads the files that it names: that of the queries, and those of connection strings whose
/// `server` is not given.
Result<Section> read_section(const yaml::Node& node, const Services& services);

/// The parameters of a session now: files and variables are read anew.
Result<Dsn> resolve(const Login& login, Dsn dsn, Fs& fs, const config::Environment& environment);
/// The same for a login with a connection string of its own.
Result<Dsn> resolve(const Login& login, Fs& fs, const config::Environment& environment);

}  // namespace tocsin::exporters::postgres
