#pragma once
// What the documents of the management API become on the page: names and help texts of RabbitMQ's own endpoint, so that
// dashboards and rules do not care where values come from. Source: rabbitmq_management's API, rabbitmq_prometheus'
// page. Thread: any.

#include <boost/json.hpp>

#include "expo/writer.hpp"

namespace tocsin::exporters::rabbitmq {

/// Of /api/overview; queue totals only if queues do not stand for themselves.
/// @return the name of the node that answered.
std::string put_overview(expo::Page& page, const boost::json::value& root, bool with_queue_totals);
/// Of /api/nodes, the node of that name.
void put_node(expo::Page& page, const boost::json::value& root, std::string_view node);
/// Of /api/queues: each queue, by vhost and name.
void put_queues(expo::Page& page, const boost::json::value& root);

}  // namespace tocsin::exporters::rabbitmq
