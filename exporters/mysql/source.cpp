#include "exporters/mysql/source.hpp"

#include <map>

#include "base/strings.hpp"
#include "exporters/collector/target_list.hpp"
#include "exporters/mysql/access.hpp"
#include "exporters/mysql/target.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr std::string_view kDefaultModule = "client";

class MysqlSource final : public Source {
 public:
  explicit MysqlSource(const Services& services) : services_(services) {}
  const SectionOptions& options() const override { return options_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }
  std::string_view probe_path() const override { return "/probe"; }

  Result<void> read(const yaml::Node& section) {
    yaml::Fields fields(section, "mysql");
    options_.read(fields);
    std::string cnf;
    fields.read("config_my_cnf", cnf);
    cnf_ = section.beside(cnf);
    read_session(fields);
    fields.child("collectors", [&](const yaml::Node& node) { return read_collectors(node, collectors_); });
    fields.child("custom_queries", [&](const yaml::Node& node) { return read_custom(node, custom_); });
    fields.child("auth_modules", [&](const yaml::Node& node) { return read_modules(node); });
    fields.each("targets", [&](const yaml::Node& node) { return read_target(node); });
    return fields.finish();
  }

  Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request) override {
    const std::string address = request.param("target");
    if (address.empty()) return fail(Errc::kInvalid, "target is required");
    const std::string module = request.param("auth_module");
    TOCSIN_TRY(const Access access, module_access(module.empty() ? kDefaultModule : std::string_view(module)));
    TOCSIN_TRY(ConnectOptions connect_options, access.get(services_.fs, services_.environment));
    TOCSIN_OK(set_address(address, access, connect_options));
    CollectorOptions collectors = collectors_;
    if (const auto names = request.all_params("collect[]"); !names.empty()) keep_only(collectors, names);
    return make_target(connect_options.address(), access, address, std::move(collectors), custom_);
  }

 private:
  void read_session(yaml::Fields& fields) {
    bool limit_waits = true;
    std::int64_t seconds = *session_.lock_wait_timeout;
    fields.read("enable_lock_wait_timeout", limit_waits).read("lock_wait_timeout", seconds);
    fields.read("log_slow_filter", session_.log_slow_filter).read("query_timeout", session_.query_timeout);
    session_.lock_wait_timeout = limit_waits ? std::optional(std::max<std::int64_t>(seconds, 1)) : std::nullopt;
  }

  using Custom = std::shared_ptr<const sql::CustomQueries>;
  Result<void> read_custom(const yaml::Node& node, Custom& out) const {
    TOCSIN_TRY(const std::string file, node.as_string());
    TOCSIN_TRY(sql::CustomQueries queries, sql::CustomQueries::load(services_.fs, node.beside(file)));
    TOCSIN_OK(CustomCollector::check(queries));
    out = std::make_shared<const sql::CustomQueries>(std::move(queries));
    return {};
  }

  Result<void> read_modules(const yaml::Node& node) {
    if (!node.is_map()) return node.wrong_type("map[string]mysql.AuthModule");
    for (const auto& [key, value] : node.entries()) {
      yaml::Fields fields(value, "mysql.auth_module");
      TOCSIN_TRY(auto access, Access::read(fields));
      TOCSIN_OK(fields.finish());
      if (!access) return value.error("a login without user");
      modules_.emplace(key.text(), std::move(*access));
    }
    return {};
  }

  /// By name: of auth_modules, else a section of config_my_cnf.
  Result<Access> module_access(std::string_view name) const {
    if (const auto found = modules_.find(name); found != modules_.end()) return found->second;
    if (cnf_.empty()) return fail(Errc::kInvalid, "there is no auth_module {}", go_quote(name));
    return Access::of_file(cnf_, std::string(name));
  }

  Result<void> read_target(const yaml::Node& node) {
    yaml::Fields fields(node, "mysql.target");
    std::string address, server, cnf, module;
    fields.read("address", address).read("server", server).read("my_cnf", cnf).read("auth_module", module);
    CollectorOptions collectors = collectors_;
    Custom custom = custom_;
    fields.child("collectors", [&](const yaml::Node& n) { return read_collectors(n, collectors); });
    fields.child("custom_queries", [&](const yaml::Node& n) { return read_custom(n, custom); });
    TOCSIN_TRY(const std::optional<Access> own, Access::read(fields));
    TOCSIN_OK(fields.finish());
    if (own && (!cnf.empty() || !module.empty())) {
      return node.error("at most one of user, my_cnf with or without auth_module, and auth_module must be configured");
    }
    const std::string_view section = module.empty() ? kDefaultModule : std::string_view(module);
    const auto access = own           ? Result<Access>(*own)
                        : cnf.empty() ? module_access(section)
                                      : Result<Access>(Access::of_file(node.beside(cnf), std::string(section)));
    if (!access) return node.error("{}", access.error().message);
    // Files may come later; what is wrong in one that is there is told now.
    auto options = access->get(services_.fs, services_.environment);
    if (!options && options.error().code == Errc::kInvalid && access->is_file()) {
      return node.error("{}", options.error().message);
    }
    ConnectOptions known = options ? std::move(*options) : ConnectOptions{.host = "localhost"};
    if (auto set = set_address(address, *access, known); !set) return node.error("{}", set.error().message);
    if (server.empty()) server = known.address();
    auto target = make_target(server, *access, address, std::move(collectors), std::move(custom));
    return targets_.add(node, std::move(server), std::move(target));
  }

  std::shared_ptr<Target> make_target(std::string server, const Access& access, const std::string& address,
                                      CollectorOptions collectors, Custom custom) const {
    TargetOptions options{.server = std::move(server),
                          .collectors = std::move(collectors),
                          .session = session_,
                          .custom = std::move(custom)};
    Dial dial = [access, address, &fs = services_.fs, environment = services_.environment,
                 &clock = services_.loop.clock()](MonoTime deadline) -> Result<std::unique_ptr<Connection>> {
      TOCSIN_TRY(ConnectOptions connect_options, access.get(fs, environment));
      TOCSIN_OK(set_address(address, access, connect_options));
      return connect(connect_options, clock, deadline);
    };
    return std::make_shared<MysqlTarget>(services_, std::move(options), std::move(dial));
  }

  Services services_;
  SectionOptions options_;
  SessionOptions session_;
  CollectorOptions collectors_ = default_options();
  Custom custom_;
  std::string cnf_;
  std::map<std::string, Access, std::less<>> modules_;
  TargetList targets_;
};

Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
  auto source = std::make_unique<MysqlSource>(services);
  TOCSIN_OK(source->read(section));
  return source;
}

}  // namespace

SourceInfo source_info() {
  return {"mysql", make};
}

}  // namespace tocsin::exporters::mysql
