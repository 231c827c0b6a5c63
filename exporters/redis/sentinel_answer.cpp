#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

struct MasterSetting {
  std::string_view field;
  std::string_view family;
  double divisor = 1;
};

constexpr MasterSetting kSettings[] = {
    {"quorum", "redis_sentinel_master_setting_ckquorum"},
    {"failover-timeout", "redis_sentinel_master_setting_failover_timeout"},
    {"parallel-syncs", "redis_sentinel_master_setting_parallel_syncs"},
    {"down-after-milliseconds", "redis_sentinel_master_setting_down_after_milliseconds"},
    {"config-epoch", "redis_sentinel_master_config_epoch"},
    {"last-ok-ping-reply", "redis_sentinel_master_last_ok_ping_reply_seconds", 1e3},
};

/// Those of a list whose flags say nothing of being down.
double count_up(const Reply& list) {
  double count = 0;
  list.each([&](const Reply& one) {
    const auto flags = one.find("flags");
    if (flags && !flags->text().contains("o_down") && !flags->text().contains("s_down")) ++count;
  });
  return count;
}

}  // namespace

void put_sentinel_master(Metrics& metrics, const SentinelMaster& answers, bool include_peer_info) {
  const Reply& master = answers.master;
  const std::string_view name = master.text_of("name");
  if (!master.find("name") || !master.find("ip") || !master.find("port")) return;
  const std::string address = fmt::format("{}:{}", master.text_of("ip"), master.text_of("port"));
  const Metrics::Labels labels = {{"master_name", name}, {"master_address", address}};

  metrics.gauge("redis_sentinel_master_ckquorum_status", answers.quorum.is_error() ? 0 : 1,
                {{"master_name", name}, {"message", answers.quorum.text()}});
  for (const MasterSetting& setting : kSettings) {
    metrics.gauge(setting.family, to_double(master.text_of(setting.field)).value_or(0) / setting.divisor, labels);
  }
  if (include_peer_info) {
    answers.sentinels.each([&](const Reply& peer) {
      metrics.gauge("redis_sentinel_peer_info", 1,
                    {{"master_name", name},
                     {"master_address", address},
                     {"name", peer.text_of("name")},
                     {"ip", peer.text_of("ip")},
                     {"port", peer.text_of("port")},
                     {"runid", peer.text_of("runid")},
                     {"flags", peer.text_of("flags")}});
    });
  }
  metrics.gauge("redis_sentinel_master_ok_sentinels", 1 + count_up(answers.sentinels), labels);  // and this one
  metrics.gauge("redis_sentinel_master_ok_slaves", count_up(answers.slaves), labels);
}

void put_sentinel_config(Metrics& metrics, const Reply& config) {
  config.each_pair([&](const Reply& key, const Reply& value) {
    metrics.gauge("redis_sentinel_config_key_value", 1, {{"key", key.text()}, {"value", value.text()}});
    if (const auto number = to_double(value.text())) {
      metrics.gauge("redis_sentinel_config_value", *number, {{"key", key.text()}});
    }
  });
}

}  // namespace tocsin::exporters::redis
