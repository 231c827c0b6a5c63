#include "exporters/redis/options.hpp"

#include "base/strings.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxScriptBytes = 1U << 20U;

/// A list of keys stands there as redis_exporter's flag has it, or as a sequence of such texts.
Result<void> read_patterns(yaml::Fields& fields, std::string_view key, std::vector<KeyPattern>& out) {
  const yaml::Node node = fields.take(key);
  if (node.is_null()) return {};
  std::vector<std::string> texts;
  if (node.is_sequence()) {
    TOCSIN_TRY(texts, node.as_strings());
  } else {
    TOCSIN_TRY(std::string text, node.as_string());
    texts.push_back(std::move(text));
  }
  out.clear();
  for (const std::string& text : texts) {
    auto patterns = parse_key_patterns(text);
    if (!patterns) return node.error("{}: {}", key, patterns.error().message);
    out.insert(out.end(), patterns->begin(), patterns->end());
  }
  return {};
}

Result<void> read_scripts(yaml::Fields& fields, Fs& fs, std::vector<Script>& out) {
  const yaml::Node node = fields.take("script");
  if (node.is_null()) return {};
  std::vector<std::string> files;
  if (node.is_sequence()) {
    TOCSIN_TRY(files, node.as_strings());
  } else {
    TOCSIN_TRY(const std::string text, node.as_string());
    for (const std::string_view file : split(text, ',')) files.emplace_back(trim(file));
  }
  out.clear();
  for (const std::string& file : files) {
    auto text = fs.read_file(node.beside(file), kMaxScriptBytes);
    if (!text) return node.error("script: {}", text.error().message);
    out.push_back({file, std::move(*text)});
  }
  return {};
}

Result<void> read_regex(yaml::Fields& fields, std::shared_ptr<const re2::RE2>& out) {
  std::string text;
  const yaml::Node node = fields.node();
  if (!fields.has("check_search_indexes")) return {};
  fields.read("check_search_indexes", text);
  auto regex = std::make_shared<re2::RE2>(text, re2::RE2::Quiet);
  if (!regex->ok()) return node["check_search_indexes"].error("invalid regular expression: {}", regex->error());
  out = std::move(regex);
  return {};
}

}  // namespace

std::vector<std::string> parse_key_groups(std::string_view text) {
  std::vector<std::string> groups;
  std::string field;
  bool quoted = false;
  const auto end_field = [&] {
    if (const std::string_view trimmed = trim(field); !trimmed.empty()) groups.emplace_back(trimmed);
    field.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      field += '"';
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      end_field();
    } else {
      field += text[i];
    }
  }
  end_field();
  return groups;
}

Result<void> Options::read(yaml::Fields& fields, Fs& fs) {
  fields.read("user", user);
  TOCSIN_TRY(auto credential, Credential::read(fields, "password"));
  if (credential) password = std::move(credential);
  fields.child("tls", [&](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(tls, config::read_tls_config(node));
    return {};
  });
  fields.read("tls_ca_cert_file", tls.ca_file)
      .read("tls_client_cert_file", tls.cert_file)
      .read("tls_client_key_file", tls.key_file)
      .read("tls_server_name", tls.server_name)
      .read("skip_tls_verification", tls.insecure_skip_verify)
      .read("config_command", config_command);
  TOCSIN_OK(read_patterns(fields, "check_keys", check_keys));
  TOCSIN_OK(read_patterns(fields, "check_single_keys", check_single_keys));
  TOCSIN_OK(read_patterns(fields, "check_streams", check_streams));
  TOCSIN_OK(read_patterns(fields, "check_single_streams", check_single_streams));
  TOCSIN_OK(read_patterns(fields, "count_keys", count_keys));
  fields.child("check_key_groups", [&](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(const std::string text, node.as_string());
    check_key_groups = parse_key_groups(text);
    return {};
  });
  TOCSIN_OK(read_scripts(fields, fs, scripts));
  TOCSIN_OK(read_regex(fields, check_search_indexes));
  return fields.read("check_keys_batch_size", check_keys_batch_size)
      .read("max_distinct_key_groups", max_distinct_key_groups)
      .read("streams_exclude_consumer_metrics", streams_exclude_consumer_metrics)
      .read("disable_exporting_key_values", disable_exporting_key_values)
      .read("skip_checkkeys_for_role_master", skip_checkkeys_for_role_master)
      .read("lua_script_read_only", lua_script_read_only)
      .read("is_cluster", is_cluster)
      .read("is_tile38", is_tile38)
      .read("export_client_list", export_client_list)
      .read("export_client_port", export_client_port)
      .read("ping_on_connect", ping_on_connect)
      .read("set_client_name", set_client_name)
      .read("include_config_metrics", include_config_metrics)
      .read("redact_config_metrics", redact_config_metrics)
      .read("include_system_metrics", include_system_metrics)
      .read("include_modules_metrics", include_modules_metrics)
      .read("include_rdb_file_size_metric", include_rdb_file_size_metric)
      .read("include_metrics_for_empty_databases", include_metrics_for_empty_databases)
      .read("include_sentinel_peer_info", include_sentinel_peer_info)
      .read("include_search_indexes_metrics", include_search_indexes_metrics)
      .read("exclude_latency_histogram_metrics", exclude_latency_histogram_metrics)
      .read("append_instance_role_label", append_instance_role_label)
      .read("connection_timeout", connection_timeout)
      .failed();
}

}  // namespace tocsin::exporters::redis
