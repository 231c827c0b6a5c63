#include "exporters/postgres/postgres.hpp"

#include "exporters/collector/blocking_target.hpp"
#include "exporters/postgres/pq.hpp"
#include "exporters/postgres/scraper.hpp"

namespace tocsin::exporters::postgres {

namespace {

/// A server, asked on its own thread: libpq looks names up within its calls.
class PostgresTarget final : public BlockingTarget {
 public:
  PostgresTarget(const Services& services, Scraper scraper) : BlockingTarget(services), scraper_(std::move(scraper)) {}

 private:
  Result<void> ask(expo::Page& page, MonoTime deadline) override { return scraper_.scrape(page, deadline); }
  Scraper scraper_;
};

class PostgresSource final : public Source {
 public:
  PostgresSource(Section section, const Services& services) : section_(std::move(section)), services_(services) {
    for (const TargetOptions& target : section_.targets) {
      targets_.push_back({target.server, make_target(target.login, target.server)});
    }
  }

  const SectionOptions& options() const override { return section_.options->section; }
  const std::vector<Named>& targets() const override { return targets_; }
  std::string_view probe_path() const override { return "/probe"; }

  Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request) override {
    std::string target = request.param("target");
    const std::string module = request.param("auth_module");
    if (target.empty()) return fail(Errc::kInvalid, "target is required");
    Login login;
    if (!module.empty()) {
      const auto found = section_.auth_modules.find(module);
      if (found == section_.auth_modules.end()) return fail(Errc::kInvalid, "auth_module {} not found", module);
      login = found->second;
      if (!login.user || !login.password) {
        return fail(Errc::kInvalid, "auth_module {} has no username or password", module);
      }
    }
    target = as_uri(std::move(target));
    auto dsn = parse_dsn(target);
    if (!dsn) return fail(std::move(dsn).error().wrap("could not configure dsn for target"));
    login.dsn = Credential::of(Secret(std::move(target)));
    return make_target(std::move(login), server_label(*dsn));
  }

 private:
  std::shared_ptr<Target> make_target(Login login, std::string server) const {
    // The thread of a target may outlive the loop and its clock; the operating system's clock is always there.
    return std::make_shared<PostgresTarget>(services_, Scraper(section_.options, std::move(login), std::move(server),
                                                               {.clock = system_clock(),
                                                                .fs = services_.fs,
                                                                .environment = services_.environment,
                                                                .connector = pq_connector(system_clock())}));
  }

  Section section_;
  Services services_;
  std::vector<Named> targets_;
};

Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
  TOCSIN_TRY(Section read, read_section(section, services));
  return std::make_unique<PostgresSource>(std::move(read), services);
}

}  // namespace

SourceInfo source_info() {
  return {.kind = "postgres", .make = &make};
}

}  // namespace tocsin::exporters::postgres
