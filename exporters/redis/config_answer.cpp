#include "base/strings.hpp"
#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

bool is_secret(std::string_view key) {
  return key == "masterauth" || key == "requirepass" || key == "tls-key-file-pass" || key == "tls-client-key-file-pass";
}

/// The family of a setting that is shown in any case, or "".
std::string_view family_of(std::string_view key) {
  if (key == "io-threads") return "redis_config_io_threads";
  if (key == "maxclients") return "redis_config_maxclients";
  if (key == "maxmemory") return "redis_config_maxmemory";
  if (key == "repl-backlog-size") return "redis_config_repl_backlog_size";
  return {};
}

/// "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60": class, hard, soft, seconds.
void put_buffer_limits(Metrics& metrics, std::string_view text) {
  const std::vector<std::string_view> words = split(text, ' ');
  for (std::size_t i = 0; i + 3 < words.size(); i += 4) {
    const auto hard = to_double(words[i + 1]), soft = to_double(words[i + 2]), seconds = to_double(words[i + 3]);
    constexpr std::string_view kBytes = "redis_config_client_output_buffer_limit_bytes";
    if (hard) metrics.gauge(kBytes, *hard, {{"class", words[i]}, {"limit", "hard"}});
    if (soft) metrics.gauge(kBytes, *soft, {{"class", words[i]}, {"limit", "soft"}});
    if (seconds) {
      metrics.gauge("redis_config_client_output_buffer_limit_overcome_seconds", *seconds,
                    {{"class", words[i]}, {"limit", "soft"}});
    }
  }
}

}  // namespace

Result<std::int64_t> put_config(Metrics& metrics, const Reply& config, const Options& options) {
  std::int64_t databases = 0;
  Result<void> problem;
  config.each_pair([&](const Reply& name, const Reply& setting) {
    const std::string_view key = name.text(), value = setting.text();
    if (key == "databases") {
      if (const auto count = setting.integer(); count && *count >= 0) {
        databases = *count;
      } else {
        problem = fail(Errc::kCorrupt, "invalid config value for key databases: {}", go_quote(value));
      }
    }
    if (options.include_config_metrics && !(options.redact_config_metrics && is_secret(key))) {
      metrics.gauge("redis_config_key_value", 1, {{"key", key}, {"value", value}});
      if (const auto number = to_double(value)) metrics.gauge("redis_config_value", *number, {{"key", key}});
    }
    if (const std::string_view family = family_of(key); !family.empty()) {
      if (const auto number = to_double(value)) metrics.gauge(family, *number);
    }
    if (key == "client-output-buffer-limit") put_buffer_limits(metrics, value);
  });
  TOCSIN_OK(problem);
  return databases;
}

void put_command_log_config(Metrics& metrics, const Reply& config) {
  config.each_pair([&](const Reply& key, const Reply& value) {
    const std::string_view name = key.text();
    if (name != "commandlog-execution-slower-than" && name != "commandlog-slow-execution-max-len" &&
        name != "commandlog-request-larger-than" && name != "commandlog-large-request-max-len" &&
        name != "commandlog-reply-larger-than" && name != "commandlog-large-reply-max-len") {
      return;
    }
    if (const auto number = value.integer()) {
      metrics.gauge("redis_" + replace_all(std::string(name), "-", "_"), static_cast<double>(*number));
    }
  });
}

void put_command_log_length(Metrics& metrics, std::string_view kind, const Reply& length) {
  if (const auto number = length.integer()) {
    metrics.gauge("redis_commandlog_" + replace_all(std::string(kind), "-", "_") + "_length",
                  static_cast<double>(*number));
  }
}

}  // namespace tocsin::exporters::redis
