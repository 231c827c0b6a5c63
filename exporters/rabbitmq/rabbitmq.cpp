#include "exporters/rabbitmq/rabbitmq.hpp"

#include "exporters/collector/target_list.hpp"
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
      return source->targets_.add(node, std::move(server),
                                  std::make_shared<RabbitmqTarget>(std::move(options), services));
    });
    TOCSIN_OK(fields.finish());
    return source;
  }

  const SectionOptions& options() const override { return options_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }

 private:
  SectionOptions options_;
  TargetList targets_;
};

}  // namespace

SourceInfo source_info() {
  return {"rabbitmq", RabbitmqSource::make};
}

}  // namespace tocsin::exporters::rabbitmq
