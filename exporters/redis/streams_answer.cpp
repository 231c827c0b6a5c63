#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

double number_of(const Reply& map, std::string_view key) {
  const auto value = map.find(key);
  return value ? static_cast<double>(value->integer().value_or(0)) : 0;
}

/// The milliseconds of "1638006862416-0"; 0 if there are none.
double time_of(std::string_view id) {
  return to_double(take_part(id, '-')).value_or(0);
}

/// The id of an entry [id, [field, value, ...]].
std::string_view entry_id(const Reply& stream, std::string_view key) {
  const auto entry = stream.find(key);
  const auto id = entry ? entry->at(0) : std::nullopt;
  return id ? id->text() : std::string_view();
}

}  // namespace

void put_stream(Metrics& metrics, std::string_view database, std::string_view stream, const Reply& info) {
  const Metrics::Labels labels = {{"db", database}, {"stream", stream}};
  metrics.gauge("redis_stream_length", number_of(info, "length"), labels);
  metrics.gauge("redis_stream_radix_tree_keys", number_of(info, "radix-tree-keys"), labels);
  metrics.gauge("redis_stream_radix_tree_nodes", number_of(info, "radix-tree-nodes"), labels);
  metrics.gauge("redis_stream_last_generated_id", time_of(info.text_of("last-generated-id")), labels);
  metrics.gauge("redis_stream_groups", number_of(info, "groups"), labels);
  metrics.gauge("redis_stream_max_deleted_entry_id", time_of(info.text_of("max-deleted-entry-id")), labels);
  metrics.gauge("redis_stream_first_entry_id", time_of(entry_id(info, "first-entry")), labels);
  metrics.gauge("redis_stream_last_entry_id", time_of(entry_id(info, "last-entry")), labels);
  metrics.counter("redis_stream_entries_added_total", number_of(info, "entries-added"), labels);
}

void put_stream_group(Metrics& metrics, std::string_view database, std::string_view stream, const Reply& group) {
  const Metrics::Labels labels = {{"db", database}, {"stream", stream}, {"group", group.text_of("name")}};
  metrics.gauge("redis_stream_group_consumers", number_of(group, "consumers"), labels);
  metrics.gauge("redis_stream_group_messages_pending", number_of(group, "pending"), labels);
  metrics.gauge("redis_stream_group_last_delivered_id", time_of(group.text_of("last-delivered-id")), labels);
  metrics.gauge("redis_stream_group_entries_read", number_of(group, "entries-read"), labels);
  metrics.gauge("redis_stream_group_lag", number_of(group, "lag"), labels);
}

void put_stream_consumers(Metrics& metrics, std::string_view database, std::string_view stream, std::string_view group,
                          const Reply& consumers) {
  consumers.each([&](const Reply& consumer) {
    const Metrics::Labels labels = {
        {"db", database}, {"stream", stream}, {"group", group}, {"consumer", consumer.text_of("name")}};
    metrics.gauge("redis_stream_group_consumer_messages_pending", number_of(consumer, "pending"), labels);
    metrics.gauge("redis_stream_group_consumer_idle_seconds", number_of(consumer, "idle") / 1e3, labels);
  });
}

}  // namespace tocsin::exporters::redis
