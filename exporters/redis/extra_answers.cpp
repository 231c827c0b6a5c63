#include "base/strings.hpp"
#include "exporters/redis/answers.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

using Type = model::MetricType;
constexpr double kMegabyte = 1048576;

struct IndexField {
  std::string_view field;
  std::string_view family;
  double scale = 1;
  Type type = Type::kGauge;
};

// clang-format off
constexpr IndexField kIndexFields[] = {
    {"num_docs", "redis_search_index_num_docs", 1, Type::kGauge},
    {"max_doc_id", "redis_search_index_max_doc_id", 1, Type::kGauge},
    {"num_terms", "redis_search_index_num_terms", 1, Type::kGauge},
    {"num_records", "redis_search_index_num_records", 1, Type::kGauge},
    {"inverted_sz_mb", "redis_search_index_inverted_size_bytes", kMegabyte, Type::kGauge},
    {"total_inverted_index_blocks", "redis_search_index_total_inverted_index_blocks", 1, Type::kGauge},
    {"vector_index_sz_mb", "redis_search_index_vector_index_size_bytes", kMegabyte, Type::kGauge},
    {"offset_vectors_sz_mb", "redis_search_index_offset_vectors_size_bytes", kMegabyte, Type::kGauge},
    {"doc_table_size_mb", "redis_search_index_doc_table_size_bytes", kMegabyte, Type::kGauge},
    {"sortable_values_size_mb", "redis_search_index_sortable_values_size_bytes", kMegabyte, Type::kGauge},
    {"key_table_size_mb", "redis_search_index_key_table_size_bytes", kMegabyte, Type::kGauge},
    {"tag_overhead_sz_mb", "redis_search_index_tag_overhead_size_bytes", kMegabyte, Type::kGauge},
    {"text_overhead_sz_mb", "redis_search_index_text_overhead_size_bytes", kMegabyte, Type::kGauge},
    {"total_index_memory_sz_mb", "redis_search_index_total_index_memory_size_bytes", kMegabyte, Type::kGauge},
    {"geoshapes_sz_mb", "redis_search_index_geoshapes_size_bytes", kMegabyte, Type::kGauge},
    {"records_per_doc_avg", "redis_search_index_avg_per_doc_records", 1, Type::kGauge},
    {"bytes_per_record_avg", "redis_search_index_avg_per_record_bytes", 1, Type::kGauge},
    {"offsets_per_term_avg", "redis_search_index_avg_per_term_offsets", 1, Type::kGauge},
    {"offset_bits_per_record_avg", "redis_search_index_avg_per_record_offset_bits", 1, Type::kGauge},
    {"indexing", "redis_search_index_indexing", 1, Type::kGauge},
    {"percent_indexed", "redis_search_index_percent_indexed", 1, Type::kGauge},
    {"hash_indexing_failures", "redis_search_index_hash_indexing_failures", 1, Type::kGauge},
    {"number_of_uses", "redis_search_index_number_of_uses_total", 1, Type::kCounter},
    {"cleaning", "redis_search_index_cleaning", 1, Type::kGauge},
};
// clang-format on

}  // namespace

void put_search_index(Metrics& metrics, const Reply& index) {
  const std::string_view name = index.text_of("index_name");
  if (name.empty()) return;
  for (const IndexField& known : kIndexFields) {
    const auto value = index.find(known.field);
    double number = 0;
    if (value)
      number = value->kind() == Reply::Kind::kInteger ? static_cast<double>(value->integer().value_or(0))
                                                      : to_double(value->text()).value_or(0);
    metrics.put(metrics.family(known.family, known.type), number * known.scale, {{"index_name", name}});
  }
}

void put_tile38(Metrics& metrics, const Reply& server) {
  server.each_pair([&](const Reply& key, const Reply& value) {
    std::string field(key.text());
    if (!field.starts_with("tile38_")) field.insert(0, "tile38_");
    put_field(metrics, field, value.text());
  });
}

/// redis_script_result: 0 failed, 1 good, 2 no values.
Result<void> put_script(Metrics& metrics, std::string_view file, const Reply& values) {
  const auto result = [&](double number) { metrics.gauge("redis_script_result", number, {{"filename", file}}); };
  if (!values.is_array() || values.size() % 2 != 0) {
    result(0);
    const std::string_view why = values.is_error() ? values.text() : "it returns no keys and values";
    return fail(Errc::kExecution, "script {}: {}", file, why);
  }
  bool good = true;
  values.each_pair([&](const Reply& key, const Reply& value) {
    const auto whole = value.integer();
    const auto number = whole ? std::optional<double>(static_cast<double>(*whole)) : to_double(value.text());
    if (!number) {
      good = false;
      return;
    }
    metrics.gauge("redis_script_values", *number, {{"key", key.text()}, {"filename", file}});
  });
  result(!good ? 0 : values.size() == 0 ? 2 : 1);
  if (!good) return fail(Errc::kExecution, "script {}: a value is no number", file);
  return {};
}

}  // namespace tocsin::exporters::redis
