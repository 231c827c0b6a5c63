#include "exporters/postgres/options.hpp"

#include <set>

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

constexpr std::size_t kMaxTargets = 1000;

/// user, password and their _file and _env.
Result<void> read_login(yaml::Fields& fields, std::string_view user_key, Login& login) {
  TOCSIN_TRY(login.user, Credential::read(fields, user_key));
  TOCSIN_TRY(login.password, Credential::read(fields, "password"));
  return {};
}

Result<Style> read_style(const yaml::Node& node) {
  TOCSIN_TRY(const std::string text, node.as_string());
  if (text == "0.11") return Style::k011;
  if (text == "0.20") return Style::k020;
  return node.error("compatibility must be \"0.11\" or \"0.20\", not `{}`", text);
}

Result<void> read_collectors(const yaml::Node& node, Options& options) {
  if (!node.is_map()) return node.wrong_type("map");
  for (const auto& [key, value] : node.entries()) {
    TOCSIN_TRY(const std::string name, key.as_string());
    const auto known = options.collectors.find(name);
    if (known == options.collectors.end()) return key.error("unknown collector `{}`", name);
    TOCSIN_TRY(known->second, value.as_bool());
  }
  return {};
}

Result<void> read_statements(const yaml::Node& node, StatementOptions& statements) {
  yaml::Fields fields(node, "stat_statements");
  fields.read("include_query", statements.include_query)
      .read("query_length", statements.query_length)
      .read("limit", statements.limit)
      .read("exclude_databases", statements.exclude_databases)
      .read("exclude_users", statements.exclude_users);
  TOCSIN_OK(fields.finish());
  if (statements.query_length == 0 || statements.limit == 0) return node.error("query_length and limit must not be 0");
  return {};
}

/// postgres_exporter's form has username and password below `userpass`; they may also stand beside `type`.
Result<Login> read_auth_module(const yaml::Node& node) {
  Login login;
  std::string type = "userpass";
  yaml::Fields fields(node, "auth module");
  fields.read("type", type);
  TOCSIN_OK(read_login(fields, "username", login));
  fields.child("userpass", [&](const yaml::Node& userpass) -> Result<void> {
    yaml::Fields inner(userpass, "userpass");
    TOCSIN_OK(read_login(inner, "username", login));
    return inner.finish();
  });
  fields.child("options", [&](const yaml::Node& options) -> Result<void> {
    if (!options.is_map()) return options.wrong_type("map");
    for (const auto& [key, value] : options.entries()) {
      TOCSIN_TRY(const std::string name, key.as_string());
      TOCSIN_TRY(login.options[name], value.as_string());
    }
    return {};
  });
  TOCSIN_OK(fields.finish());
  if (type != "userpass") return node.error("unknown type of an auth module: `{}`", type);
  return login;
}

Result<TargetOptions> read_target(const yaml::Node& node, const Services& services) {
  TargetOptions target;
  yaml::Fields fields(node, "postgres target");
  fields.read("server", target.server);
  TOCSIN_TRY(target.login.dsn, Credential::read(fields, "dsn"));
  TOCSIN_OK(read_login(fields, "user", target.login));
  TOCSIN_OK(fields.finish());
  if (!target.login.dsn) return node.error("one of dsn, dsn_file and dsn_env is missing");
  if (!target.server.empty()) return target;
  auto dsn = resolve(target.login, services.fs, services.environment);
  if (!dsn) return node.error("{}", dsn.error().message);
  target.server = server_label(*dsn);
  return target;
}

Result<void> read_targets(yaml::Fields& fields, Section& section, const Services& services) {
  std::set<std::string> servers;
  fields.each("targets", [&](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(TargetOptions target, read_target(node, services));
    if (!servers.insert(target.server).second) {
      return node.error("two targets of the name {}: give one of them another `server`", target.server);
    }
    if (section.targets.size() == kMaxTargets) return node.error("more than {} targets", kMaxTargets);
    section.targets.push_back(std::move(target));
    return {};
  });
  return fields.failed();
}

}  // namespace

Result<Section> read_section(const yaml::Node& node, const Services& services) {
  Section section;
  Options& options = *section.options;
  for (const CollectorDefault& collector : kCollectors) options.collectors.emplace(collector.name, collector.enabled);
  yaml::Fields fields(node, "postgres");
  options.section.read(fields);
  bool no_defaults = false, no_settings = false;
  fields.read("disable_default_metrics", no_defaults)
      .read("disable_settings_metrics", no_settings)
      .read("auto_discover_databases", options.auto_discover_databases)
      .read("include_databases", options.include_databases)
      .read("exclude_databases", options.exclude_databases)
      .read("statement_timeout", options.statement_timeout)
      .read("slow_query_threshold", options.slow_query_threshold)
      .read("slow_statement_limit", options.slow_statement_limit);
  options.default_metrics = !no_defaults;
  options.settings_metrics = !no_settings;
  fields.child("compatibility", [&](const yaml::Node& style) -> Result<void> {
    TOCSIN_TRY(options.style, read_style(style));
    return {};
  });
  fields.child("collectors", [&](const yaml::Node& map) { return read_collectors(map, options); });
  fields.child("stat_statements", [&](const yaml::Node& map) { return read_statements(map, options.statements); });
  fields.child("custom_queries", [&](const yaml::Node& file) -> Result<void> {
    TOCSIN_TRY(const std::string name, file.as_string());
    TOCSIN_TRY(options.custom, sql::CustomQueries::load(services.fs, file.beside(name)));
    return {};
  });
  fields.child("auth_modules", [&](const yaml::Node& map) -> Result<void> {
    if (!map.is_map()) return map.wrong_type("map");
    for (const auto& [key, value] : map.entries()) {
      TOCSIN_TRY(const std::string name, key.as_string());
      TOCSIN_TRY(section.auth_modules[name], read_auth_module(value));
    }
    return {};
  });
  TOCSIN_OK(read_targets(fields, section, services));
  TOCSIN_OK(fields.finish());
  return section;
}

Result<Dsn> resolve(const Login& login, Dsn dsn, Fs& fs, const config::Environment& environment) {
  if (login.user) {
    TOCSIN_TRY(const Secret user, login.user->get(fs, environment));
    if (!user.empty()) dsn.set("user", user.reveal());
  }
  if (login.password) {
    TOCSIN_TRY(Secret password, login.password->get(fs, environment));
    if (!password.empty()) dsn.password = std::move(password);
  }
  for (const auto& [keyword, value] : login.options) dsn.set(keyword, value);
  return dsn;
}

Result<Dsn> resolve(const Login& login, Fs& fs, const config::Environment& environment) {
  TOCSIN_TRY(const Secret text, login.dsn->get(fs, environment));
  TOCSIN_TRY(Dsn dsn, parse_dsn(text.reveal()));
  return resolve(login, std::move(dsn), fs, environment);
}

}  // namespace tocsin::exporters::postgres
