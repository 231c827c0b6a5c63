#include "exporters/rabbitmq/rabbitmq.hpp"

#include "exporters/rabbitmq/target.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

class RabbitmqSource final : public Source {
 public:
  static Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
    auto source = std::make_unique<RabbitmqSource>();
    yaml::Fields fields(section, "rabbitmq");
    source->options_.read(fields);
    fields.each("targets", [&](const yaml::Node& node) -> Result<void> {
      TOCSIN_TRY(TargetOptions options, TargetOptions::read(node));
      std::string server = options.server;
      source->targets_.push_back({std::move(server), std::make_shared<RabbitmqTarget>(std::move(options), services)});
      return {};
    });
    TOCSIN_OK(fields.finish());
    return source;
  }

  const SectionOptions& options() const override { return options_; }
  const std::vector<Named>& targets() const override { return targets_; }

 private:
  SectionOptions options_;
  std::vector<Named> targets_;
};

}  // namespace

SourceInfo source_info() {
  return {"rabbitmq", RabbitmqSource::make};
}

}  // namespace tocsin::exporters::rabbitmq
