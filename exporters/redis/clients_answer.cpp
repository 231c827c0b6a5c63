#include <set>

#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

struct NumberField {
  std::string_view field;
  std::string_view family;
  bool always = true;  // 0 if the server does not say it
};

constexpr NumberField kNumbers[] = {
    {"omem", "redis_connected_client_output_buffer_memory_usage_bytes"},
    {"tot-mem", "redis_connected_client_total_memory_consumed_bytes"},
    {"sub", "redis_connected_client_channel_subscriptions_count"},
    {"psub", "redis_connected_client_pattern_matching_subscriptions_count"},
    {"qbuf", "redis_connected_client_query_buffer_length_bytes"},
    {"qbuf-free", "redis_connected_client_query_buffer_free_space_bytes"},
    {"obl", "redis_connected_client_output_buffer_length_bytes"},
    {"oll", "redis_connected_client_output_list_length"},
    {"ssub", "redis_connected_client_shard_channel_subscriptions_count", false},  // since 7.0.3
    {"watch", "redis_connected_client_shard_channel_watched_keys", false},        // since 7.4
};

/// One line: "id=11 addr=127.0.0.1:63508 fd=8 name= age=6321 idle=6320 flags=N db=0 ...".
class ClientLine {
 public:
  explicit ClientLine(std::string_view line) {
    each_pair(line, ' ', [&](std::string_view key, std::string_view value) { fields_.emplace_back(key, value); });
  }
  std::string_view get(std::string_view key) const {
    for (const auto& [name, value] : fields_) {
      if (name == key) return value;
    }
    return {};
  }
  bool has(std::string_view key) const { return !get(key).empty(); }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

void put_client(Metrics& metrics, const ClientLine& client, std::int64_t now_seconds, bool with_port) {
  const std::string_view address = client.get("addr");
  const std::size_t colon = address.rfind(':');
  if (client.get("id").empty() || colon == std::string_view::npos) return;
  std::vector<model::LabelView> labels = {{"id", client.get("id")},
                                          {"name", client.get("name")},
                                          {"flags", client.get("flags")},
                                          {"db", client.get("db")},
                                          {"host", address.substr(0, colon)}};
  if (with_port) labels.push_back({"port", address.substr(colon + 1)});
  if (client.has("user")) labels.push_back({"user", client.get("user")});
  if (client.has("resp")) labels.push_back({"resp", client.get("resp")});
  metrics.put(metrics.family("redis_connected_client_info", model::MetricType::kGauge), 1, labels);

  const Metrics::Labels who = {{"id", client.get("id")}, {"name", client.get("name")}};
  const auto since = [&](std::string_view key) {
    return static_cast<double>(now_seconds) - to_whole_or_zero(client.get(key));
  };
  metrics.gauge("redis_connected_client_created_at_timestamp", since("age"), who);
  metrics.gauge("redis_connected_client_idle_since_timestamp", since("idle"), who);
  for (const NumberField& number : kNumbers) {
    if (!number.always && !client.has(number.field)) continue;
    metrics.gauge(number.family, to_whole_or_zero(client.get(number.field)), who);
  }
}

/// The family of redis_exporter until 1.4x, which Debian has. It has no id: equal clients are one series.
void put_details(Metrics& metrics, const ClientLine& client, std::int64_t now_seconds, bool with_port,
                 std::set<std::string>& seen) {
  const std::string_view address = client.get("addr");
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return;
  const auto since = [&](std::string_view key) {
    return fmt::format("{:.0f}", static_cast<double>(now_seconds) - to_whole_or_zero(client.get(key)));
  };
  const std::string created = since("age"), idle = since("idle");
  std::vector<model::LabelView> labels = {{"name", client.get("name")}, {"created_at", created},
                                          {"idle_since", idle},         {"flags", client.get("flags")},
                                          {"db", client.get("db")},     {"omem", client.get("omem")},
                                          {"cmd", client.get("cmd")},   {"host", address.substr(0, colon)}};
  if (with_port) labels.push_back({"port", address.substr(colon + 1)});
  std::string values;
  for (const model::LabelView& label : labels) values += fmt::format("{}\n", label.value);
  if (!seen.insert(std::move(values)).second) return;
  metrics.put(metrics.family("redis_connected_clients_details", model::MetricType::kGauge), 1, labels);
}

}  // namespace

void put_clients(Metrics& metrics, std::string_view list, std::int64_t now_seconds, bool with_port) {
  std::set<std::string> seen;
  while (!list.empty()) {
    const std::string_view line = take_line(list);
    if (!line.starts_with("id=")) continue;
    const ClientLine client(line);
    put_client(metrics, client, now_seconds, with_port);
    put_details(metrics, client, now_seconds, with_port, seen);
  }
}

}  // namespace tocsin::exporters::redis
