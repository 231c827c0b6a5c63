#pragma once
// One RabbitMQ broker.

#include <memory>
#include <string>
#include <vector>

#include "exporters/collector/source.hpp"
#include "exporters/rabbitmq/amqp.hpp"
#include "exporters/rabbitmq/options.hpp"

namespace tocsin::exporters::rabbitmq {

/// Asks the broker's own endpoint and shows what it says; without one, or when it does not answer, the management API;
/// and shakes hands by AMQP. rabbitmq_up is 1 if one of the first two answers (AMQP, if it is all there is);
/// rabbitmq_source_up tells of each. Lines that the endpoint gets wrong are left out, for RabbitMQ 3 does not escape
/// the names of queues. Pages and documents are taken apart on a work lane.
class RabbitmqTarget final : public Target, public std::enable_shared_from_this<RabbitmqTarget> {
 public:
  RabbitmqTarget(TargetOptions options, const Services& services);
  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override;

 private:
  using PagePtr = std::shared_ptr<expo::Page>;
  net::Task<Result<std::string>> get(std::string url, bool with_password, MonoTime deadline);
  net::Task<Result<void>> ask_endpoint(PagePtr page, MonoTime deadline);
  net::Task<Result<void>> ask_management(PagePtr page, MonoTime deadline);
  net::Task<Result<void>> shake_hands(PagePtr page, MonoTime deadline);
  net::Task<Result<Secret>> password();

  const TargetOptions options_;
  const Services services_;
  const std::shared_ptr<net::HttpClient> client_;
  bool has_bad_lines_ = false;  // in the endpoint's last page
};

}  // namespace tocsin::exporters::rabbitmq
