#pragma once
// RabbitMQ: its own endpoint, its management API, and a handshake by AMQP.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::rabbitmq {

/// Kind "rabbitmq"; answers no probes.
SourceInfo source_info();

}  // namespace tocsin::exporters::rabbitmq
