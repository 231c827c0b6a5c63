#include "exporters/redis/source.hpp"

#include "exporters/collector/target_list.hpp"
#include "exporters/redis/target.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::string_view kDefaultAddress = "redis://localhost:6379";

class RedisSource final : public Source {
 public:
  explicit RedisSource(const Services& services) : shared_(std::make_shared<Shared>(services)) {}

  Result<void> read(const yaml::Node& section) {
    yaml::Fields fields(section, "redis source");
    section_.read(fields);
    auto options = std::make_shared<Options>();
    TOCSIN_OK(options->read(fields, shared_->services.fs));
    options_ = std::move(options);
    const yaml::Node targets = fields.take("targets");
    TOCSIN_OK(fields.finish());
    if (targets.is_null()) return add_target(section, std::string(kDefaultAddress), "", options_);
    if (!targets.is_sequence()) return targets.error("targets: a list is expected");
    for (const yaml::Node& node : targets.elements()) TOCSIN_OK(read_target(node));
    return {};
  }

  const SectionOptions& options() const override { return section_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }
  std::string_view probe_path() const override { return "/scrape"; }

  Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request) override {
    auto made = make_probe(request);
    if (!made) ++shared_->request_errors;
    return made;
  }

 private:
  struct Known {
    Address address;
    std::shared_ptr<const Options> options;
  };

  Result<void> read_target(const yaml::Node& node) {
    std::string address, server;
    auto options = std::make_shared<Options>(*options_);
    if (node.is_scalar()) {
      TOCSIN_TRY(address, node.as_string());
    } else {
      yaml::Fields fields(node, "redis target");
      fields.read("address", address).read("server", server);
      TOCSIN_OK(options->read(fields, shared_->services.fs));
      TOCSIN_OK(fields.finish());
      if (address.empty()) return node.error("address is missing");
    }
    return add_target(node, address, server, std::move(options));
  }

  Result<void> add_target(const yaml::Node& node, const std::string& text, std::string server,
                          std::shared_ptr<const Options> options) {
    auto address = parse_address(text);
    if (!address) return node.error("{}", address.error().message);
    if (server.empty()) server = address->text();
    known_.push_back({*address, options});
    return targets_.add(node, std::move(server), std::make_shared<RedisTarget>(shared_, *address, std::move(options)));
  }

  Result<std::shared_ptr<Target>> make_probe(const net::HttpRequest& request) const {
    const std::string target = request.param("target");
    if (target.empty()) return fail(Errc::kInvalid, "'target' parameter must be specified");
    auto address = parse_address(target);
    if (!address) return fail(std::move(address).error().wrap("Invalid 'target' parameter"));
    const Known* known = find_known(*address);
    // Secrets are the configuration's, not the request's.
    address->password = known != nullptr ? known->address.password : Secret();
    if (known != nullptr && address->user.empty()) address->user = known->address.user;
    auto options = std::make_shared<Options>(known != nullptr ? *known->options : *options_);
    TOCSIN_OK(take_patterns(request, "check-keys", options->check_keys));
    TOCSIN_OK(take_patterns(request, "check-single-keys", options->check_single_keys));
    TOCSIN_OK(take_patterns(request, "check-streams", options->check_streams));
    TOCSIN_OK(take_patterns(request, "check-single-streams", options->check_single_streams));
    TOCSIN_OK(take_patterns(request, "count-keys", options->count_keys));
    for (const char* name : {"tls-server-name", "tls_server_name"}) {
      if (std::string value = request.param(name); !value.empty()) options->tls.server_name = std::move(value);
    }
    return std::make_shared<RedisTarget>(shared_, *address, std::move(options));
  }

  static Result<void> take_patterns(const net::HttpRequest& request, std::string_view name,
                                    std::vector<KeyPattern>& out) {
    const std::string text = request.param(name);
    if (text.empty()) return {};
    auto patterns = parse_key_patterns(text);
    if (!patterns) return fail(std::move(patterns).error().wrap(fmt::format("couldn't parse {}", name)));
    out = std::move(*patterns);
    return {};
  }

  /// The target that has this address, whose credentials and options then count.
  const Known* find_known(const Address& address) const {
    for (const Known& known : known_) {
      const std::string& user = known.address.user.empty() ? known.options->user : known.address.user;
      if (known.address.text() == address.text() && known.address.tls == address.tls &&
          (address.user.empty() || address.user == user)) {
        return &known;
      }
    }
    return nullptr;
  }

  const std::shared_ptr<Shared> shared_;
  SectionOptions section_;
  std::shared_ptr<const Options> options_;
  std::vector<Known> known_;
  TargetList targets_;
};

Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
  auto source = std::make_unique<RedisSource>(services);
  TOCSIN_OK(source->read(section));
  return source;
}

}  // namespace

SourceInfo source_info() {
  return {"redis", make};
}

}  // namespace tocsin::exporters::redis
