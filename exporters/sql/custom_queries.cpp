#include "exporters/sql/custom_queries.hpp"

#include <openssl/evp.h>

#include "base/strings.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters::sql {

namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20U;

std::string hex_sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

Result<Usage> read_usage(const yaml::Node& node) {
  static constexpr std::pair<std::string_view, Usage> kUsages[] = {
      {"DISCARD", Usage::kDiscard},  {"LABEL", Usage::kLabel},         {"COUNTER", Usage::kCounter},
      {"GAUGE", Usage::kGauge},      {"HISTOGRAM", Usage::kHistogram}, {"MAPPEDMETRIC", Usage::kMappedMetric},
      {"DURATION", Usage::kDuration}};
  TOCSIN_TRY(const std::string text, node.as_string());
  for (const auto& [name, usage] : kUsages) {
    if (text == name) return usage;
  }
  return node.error("usage must be DISCARD, LABEL, COUNTER, GAUGE, HISTOGRAM, MAPPEDMETRIC or DURATION, not `{}`",
                    text);
}

Result<Column> read_column(const std::string& name, const yaml::Node& node) {
  Column column{.name = name};
  yaml::Fields fields(node, "column");
  if (!fields.has("usage")) return node.error("the column {} has no usage", name);
  fields.child("usage", [&](const yaml::Node& usage) -> Result<void> {
    TOCSIN_TRY(column.usage, read_usage(usage));
    return {};
  });
  fields.read("description", column.help);
  fields.child("metric_mapping", [&](const yaml::Node& mapping) -> Result<void> {
    if (!mapping.is_map()) return mapping.wrong_type("map");
    for (const auto& [key, value] : mapping.entries()) {
      TOCSIN_TRY(const std::string text, key.as_string());
      TOCSIN_TRY(column.mapping[text], value.as_double());
    }
    return {};
  });
  TOCSIN_OK(fields.finish());
  if (column.usage == Usage::kMappedMetric && column.mapping.empty()) {
    return node.error("the column {} is a MAPPEDMETRIC without metric_mapping", name);
  }
  return column;
}

/// A list of maps, usually of one column each.
Result<void> read_columns(const yaml::Node& list, Mapping& mapping) {
  if (!list.is_sequence()) return list.wrong_type("[]map");
  for (const yaml::Node& item : list.elements()) {
    if (!item.is_map()) return item.wrong_type("map");
    for (const auto& [key, value] : item.entries()) {
      TOCSIN_TRY(const std::string name, key.as_string());
      const bool label = name.find(':') == name.npos && is_metric_name(name);
      TOCSIN_TRY(Column column, read_column(name, value));
      if (column.usage == Usage::kLabel ? !label : !is_metric_name(mapping.prefix + "_" + name)) {
        return key.error("`{}` is no name of a {}", name, column.usage == Usage::kLabel ? "label" : "metric");
      }
      mapping.columns.push_back(std::move(column));
    }
  }
  return {};
}

Result<CustomQuery> read_query(const yaml::Node& key, const yaml::Node& node) {
  CustomQuery query;
  TOCSIN_TRY(query.mapping.prefix, key.as_string());
  query.mapping.unknown_columns = true;
  query.where = key.where();
  if (!is_metric_name(query.mapping.prefix)) return key.error("`{}` is no name of a metric", query.mapping.prefix);
  yaml::Fields fields(node, "query");
  std::uint64_t cache_seconds = 0;
  fields.read("query", query.sql).read("master", query.master).read("cache_seconds", cache_seconds);
  fields.child("metrics", [&](const yaml::Node& list) { return read_columns(list, query.mapping); });
  fields.child("runonserver", [&](const yaml::Node& range) -> Result<void> {
    TOCSIN_TRY(const std::string text, range.as_string());
    auto versions = VersionRange::parse(text);
    if (!versions) return range.error("runonserver: {}", versions.error().message);
    query.versions = std::move(*versions);
    return {};
  });
  TOCSIN_OK(fields.finish());
  if (trim(query.sql).empty()) return key.error("{} has no query", query.mapping.prefix);
  if (query.sql.contains('\0')) return key.error("the query of {} has a zero byte", query.mapping.prefix);
  query.cache_time = std::chrono::seconds(std::min<std::uint64_t>(cache_seconds, 10U * 365U * 86400U));
  return query;
}

}  // namespace

Result<CustomQueries> CustomQueries::load(Fs& fs, const std::string& path) {
  CustomQueries queries;
  queries.file = path;
  TOCSIN_TRY(std::string text, fs.read_file(path, kMaxFileBytes));
  queries.sha256 = hex_sha256(text);
  TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(text), path));
  if (root.is_null()) return queries;
  if (!root.is_map()) return root.error("queries must be a map of names to queries");
  for (const auto& [key, value] : root.entries()) {
    TOCSIN_TRY(CustomQuery query, read_query(key, value));
    queries.queries.push_back(std::move(query));
  }
  return queries;
}

}  // namespace tocsin::exporters::sql
