// The example messages of deploy/examples/templates, to the letter.

#include <memory>

#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "template/alertmanager.hpp"

using namespace tocsin;

namespace {

tmpl::AmAlert alert(std::vector<std::pair<std::string, std::string>> labels,
                    std::vector<std::pair<std::string, std::string>> annotations, bool resolved = false) {
  auto out = std::make_shared<model::Alert>();
  model::LabelsBuilder names, texts;
  for (const auto& [name, value] : labels) names.set(name, value);
  for (const auto& [name, value] : annotations) texts.set(name, value);
  out->labels = names.build();
  out->annotations = texts.build();
  out->starts_at = 1'704'112'200'000;  // 2024-01-01T12:30:00Z
  out->ends_at = 1'704'115'800'000;
  return {out, resolved};
}

std::string message(std::vector<tmpl::AmAlert> alerts) {
  auto text = posix_fs().read_file(TOCSIN_EXAMPLES "/templates/messages.tmpl");
  REQUIRE(text.has_value());
  const auto templates = tmpl::AmTemplates::load({{"messages.tmpl", *text}});
  INFO((templates ? std::string() : templates.error().message));
  REQUIRE(templates.has_value());
  tmpl::AmInput input;
  input.alerts = std::move(alerts);
  const auto out = templates->expand(R"({{ template "ops.message" . }})", templates->data(input, 0), 0);
  return out ? *out : out.error().message;
}

}  // namespace

TEST_CASE("the message of an order is the one that the kitchen knows") {
  CHECK(message({alert({{"alertname", "OrderCreated"}, {"event", "order"}},
                       {{"order", "1234"},
                        {"venue", "Main Branch"},
                        {"table", "Table 5"},
                        {"items", "3"},
                        {"total", "$42.50"}})}) ==
        "🛒 New Order #1234\nVenue: Main Branch\nTable: Table 5\nItems: 3 items\nTotal: $42.50\n"
        "Time: 2024-01-01 12:30 PM");
}

TEST_CASE("the message of an error says what is to be done, and that it is over") {
  const std::vector<std::pair<std::string, std::string>> labels = {{"alertname", "WebSocketErrors"}};
  const std::vector<std::pair<std::string, std::string>> annotations = {{"title", "WebSocket Error"},
                                                                        {"type", "Connection Failed"},
                                                                        {"affected_clients", "5"},
                                                                        {"error", "ECONNREFUSED"},
                                                                        {"action", "Check server status"}};
  CHECK(message({alert(labels, annotations)}) ==
        "⚠️ WebSocket Error\nType: Connection Failed\nAffected Clients: 5\nError: ECONNREFUSED\n"
        "Time: 2024-01-01 12:30 PM\nAction Required: Check server status");
  CHECK(message({alert(labels, annotations, true)}) == "✅ WebSocket Error is over\nTime: 2024-01-01 01:30 PM");
  // Any alert of any rule has a message, and several stand one below the other.
  const tmpl::AmAlert plain = alert({{"alertname", "HighCpu"}}, {{"summary", "CPU above 80 %"}});
  CHECK(message({plain, plain}) ==
        "⚠️ HighCpu\nError: CPU above 80 %\nTime: 2024-01-01 12:30 PM\n\n"
        "⚠️ HighCpu\nError: CPU above 80 %\nTime: 2024-01-01 12:30 PM");
}

TEST_CASE("the message of a health report") {
  CHECK(message({alert({{"alertname", "HealthReport"}, {"event", "health"}},
                       {{"active_connections", "45"},
                        {"messages_per_minute", "120"},
                        {"error_rate", "0.01%"},
                        {"uptime", "24 hours"}})}) ==
        "✅ System Healthy\nActive Connections: 45\nMessages/min: 120\nError Rate: 0.01%\nUptime: 24 hours");
}
