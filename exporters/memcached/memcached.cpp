#include "exporters/memcached/memcached.hpp"

#include "exporters/collector/target_list.hpp"
#include "exporters/memcached/target.hpp"

namespace tocsin::exporters::memcached {
namespace {

constexpr std::string_view kDefaultAddress = "localhost:11211";

class MemcachedSource final : public Source {
 public:
  explicit MemcachedSource(const Services& services) : shared_(std::make_shared<Shared>(services)) {}

  Result<void> read(const yaml::Node& section) {
    yaml::Fields fields(section, "memcached source");
    section_.read(fields);
    auto options = std::make_shared<Options>();
    TOCSIN_OK(options->read(fields));
    options_ = std::move(options);
    const yaml::Node targets = fields.take("targets");
    TOCSIN_OK(fields.finish());
    if (targets.is_null()) return add_target(section, kDefaultAddress, "", options_);
    if (!targets.is_sequence()) return targets.error("targets: a list is expected");
    for (const yaml::Node& node : targets.elements()) TOCSIN_OK(read_target(node));
    return {};
  }

  const SectionOptions& options() const override { return section_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }
  std::string_view probe_path() const override { return "/scrape"; }

  Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request) override {
    const std::string target = request.param("target");
    if (target.empty()) return fail(Errc::kInvalid, "'target' parameter must be specified");
    auto address = parse_address(target);
    if (!address) return fail(std::move(address).error());
    return std::make_shared<MemcachedTarget>(shared_, std::move(*address), options_);
  }

 private:
  Result<void> read_target(const yaml::Node& node) {
    if (node.is_scalar()) {
      TOCSIN_TRY(const std::string address, node.as_string());
      return add_target(node, address, "", options_);
    }
    std::string address, server;
    auto options = std::make_shared<Options>(*options_);
    yaml::Fields fields(node, "memcached target");
    fields.read("address", address).read("server", server);
    TOCSIN_OK(options->read(fields));
    TOCSIN_OK(fields.finish());
    if (address.empty()) return node.error("address is missing");
    return add_target(node, address, server, std::move(options));
  }

  Result<void> add_target(const yaml::Node& node, std::string_view text, std::string server,
                          std::shared_ptr<const Options> options) {
    auto address = parse_address(text);
    if (!address) return node.error("{}", address.error().message);
    if (server.empty()) server = address->text();
    return targets_.add(node, std::move(server),
                        std::make_shared<MemcachedTarget>(shared_, std::move(*address), std::move(options)));
  }

  const std::shared_ptr<Shared> shared_;
  SectionOptions section_;
  std::shared_ptr<const Options> options_;
  TargetList targets_;
};

Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
  auto source = std::make_unique<MemcachedSource>(services);
  TOCSIN_OK(source->read(section));
  return source;
}

}  // namespace

SourceInfo source_info() {
  return {"memcached", make};
}

}  // namespace tocsin::exporters::memcached
