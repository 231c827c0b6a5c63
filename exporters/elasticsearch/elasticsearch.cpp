#include "exporters/elasticsearch/elasticsearch.hpp"

#include <map>

#include "exporters/collector/target_list.hpp"
#include "exporters/elasticsearch/target.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

class ElasticsearchSource final : public Source {
 public:
  static Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
    auto source = std::make_unique<ElasticsearchSource>(services);
    yaml::Fields fields(section, "elasticsearch");
    source->options_.read(fields);
    source->switches_.read(fields);
    fields.each("targets", [&](const yaml::Node& node) -> Result<void> {
      TOCSIN_TRY(TargetOptions options, TargetOptions::read(node, source->switches_));
      std::string server = options.server;
      return source->targets_.add(node, std::move(server),
                                  std::make_shared<ElasticsearchTarget>(std::move(options), services));
    });
    fields.child("auth_modules", [&](const yaml::Node& node) -> Result<void> {
      if (!node.is_map()) return node.wrong_type("map");
      for (const auto& [key, value] : node.entries()) {
        TOCSIN_TRY(source->auth_modules_[key.text()], TargetOptions::read(value, source->switches_));
      }
      return {};
    });
    TOCSIN_OK(fields.finish());
    return source;
  }

  explicit ElasticsearchSource(const Services& services) : services_(services) {}
  const SectionOptions& options() const override { return options_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }
  std::string_view probe_path() const override { return "/probe"; }

  Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request) override {
    const std::string target = request.param("target"), module = request.param("auth_module");
    if (target.empty()) return fail(Errc::kInvalid, "missing target parameter");
    TargetOptions options{.ask = switches_};
    if (!module.empty()) {
      const auto found = auth_modules_.find(module);
      if (found == auth_modules_.end()) return fail(Errc::kInvalid, "unknown auth_module \"{}\"", module);
      options = found->second;
    }
    const std::string with_scheme = target.find("://") == std::string::npos ? "http://" + target : target;
    TOCSIN_OK(options.set_uri(with_scheme));
    return std::make_shared<ElasticsearchTarget>(std::move(options), services_);
  }

 private:
  const Services services_;
  SectionOptions options_;
  Switches switches_;  // of the section
  TargetList targets_;
  std::map<std::string, TargetOptions, std::less<>> auth_modules_;  // for probes: all but the address
};

}  // namespace

SourceInfo source_info() {
  return {"elasticsearch", ElasticsearchSource::make};
}

}  // namespace tocsin::exporters::elasticsearch
