#include "base/strings.hpp"
#include "config/other_sections.hpp"
#include "yaml/byte_size.hpp"

// Source of rules and words: Prometheus config/config.go, StorageConfig and RuntimeConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// A size may have a sign there, and may then not be what it says.
Result<void> read_size(const Node& node, std::uint64_t& out) {
  if (node.is_scalar() && node.text().starts_with('-') &&
      yaml::parse_byte_size(node.text().substr(1)).value_or(0) > 0) {
    return node.error("'storage.tsdb.retention.size' must be greater than or equal to 0, got {}", node.text());
  }
  TOCSIN_TRY(out, node.as_bytes());
  return {};
}

Result<void> read_retention(const Node& node, StorageConfig& out) {
  Fields fields(node, "config.plain");
  fields.read("time", out.retention_time).read("percentage", out.retention_percentage);
  fields.child("size", [&](const Node& n) { return read_size(n, out.retention_size); });
  TOCSIN_OK(fields.finish());
  if (!(out.retention_percentage >= 0 && out.retention_percentage <= 100)) {
    return node["percentage"].error("'storage.tsdb.retention.percentage' must be in the range [0, 100], got {}",
                                    out.retention_percentage);
  }
  return {};
}

Result<void> read_chunk_encoding(const Node& node, std::vector<std::string>& warnings) {
  Fields fields(node, "config.ChunkEncodingConfig");
  std::string floats;
  fields.read("floats", floats);
  if (floats == "xor2") fields.unsupported({"floats"}, warnings);
  TOCSIN_OK(fields.finish());
  if (floats.empty() || floats == "xor" || floats == "xor2") return {};
  return node["floats"].error(
      "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got {}",
      go_quote(floats));
}

Result<void> read_tsdb(const Node& node, StorageConfig& out, std::vector<std::string>& warnings) {
  Fields fields(node, "config.plain");
  double stale_threshold = 0;
  fields.read("out_of_order_time_window", out.out_of_order_time_window);
  fields.read("stale_series_compaction_threshold", stale_threshold);
  fields.child("chunk_encoding", [&](const Node& n) { return read_chunk_encoding(n, warnings); });
  fields.child("retention", [&](const Node& n) { return read_retention(n, out); });
  if (stale_threshold > 0) fields.unsupported({"stale_series_compaction_threshold"}, warnings);
  return fields.finish();
}

Result<void> read_exemplars(const Node& node, StorageConfig& out) {
  Fields fields(node, "config.ExemplarsConfig");
  fields.read("max_exemplars", out.max_exemplars);
  return fields.finish();
}

}  // namespace

Result<void> read_storage(const Node& node, StorageConfig& out, std::vector<std::string>& warnings) {
  Fields fields(node, "config.StorageConfig");
  fields.child("tsdb", [&](const Node& n) { return read_tsdb(n, out, warnings); });
  fields.child("exemplars", [&](const Node& n) { return read_exemplars(n, out); });
  return fields.finish();
}

Result<void> check_runtime(const Node& node) {
  Fields fields(node, "config.RuntimeConfig");
  std::int64_t gogc = 0;
  fields.read("gogc", gogc);
  return fields.finish();
}

}  // namespace tocsin::config
