#include "config/field_reader.hpp"

namespace tocsin::config::alertmanager {
namespace {

/// The one text of a map that is written as a scalar.
class ScalarReader final : public FieldVisitor {
 public:
  ScalarReader(std::string_view key, std::string text) : key_(key), text_(std::move(text)) {}
  void text(std::string_view key, std::string& value) override {
    if (key == key_) value = text_;
  }

 private:
  std::string_view key_;
  std::string text_;
};

}  // namespace

void FieldReader::text_map(std::string_view key, TextMap& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(value, read_text_map(node));
    return {};
  });
}

void FieldReader::secret_map(std::string_view key, SecretMap& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(TextMap texts, read_text_map(node));
    value.clear();
    for (auto& [name, text] : texts) value.emplace_back(std::move(name), Secret(std::move(text)));
    return {};
  });
}

void FieldReader::tree(std::string_view key, std::optional<ValueTree>& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(value, value_tree(node));
    return {};
  });
}

void FieldReader::tree_map(std::string_view key, TreeMap& value) {
  fields_.child(key, [key, &value](const yaml::Node& node) -> Result<void> {
    if (!node.is_map()) return node.error("cannot unmarshal {} into map", key);
    TOCSIN_TRY(ValueTree written, value_tree(node));
    value = std::move(written.map);
    return {};
  });
}

void FieldReader::url(std::string_view key, std::string& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(value, read_url(node));
    return {};
  });
}

void FieldReader::file(std::string_view key, std::string& value) {
  fields_.read(key, value);
  value = resolve_path(context_.folder, value);
}

void FieldReader::secret_url(std::string_view key, Secret& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(std::string url, read_secret_url(node));
    value = Secret(std::move(url));
    return {};
  });
}

void FieldReader::secret_url_text(std::string_view key, Secret& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(std::string url, node.as_string());
    const bool is_template = url.find("{{") != std::string::npos;
    if (!is_template && !url.empty()) TOCSIN_OK(read_secret_url(node));
    value = Secret(std::move(url));
    return {};
  });
}

void FieldReader::go_duration(std::string_view key, Duration& value) {
  fields_.child(key, [&value](const yaml::Node& node) { return read_go_duration(node, value); });
}

void FieldReader::tls(std::string_view key, std::optional<TlsConfig>& value) {
  fields_.child(key, [&value](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(value, read_tls_config(node));
    return {};
  });
}

void FieldReader::part(const Part& part) {
  if (!part.is_list) {
    fields_.child(part.key, [&](const yaml::Node& node) { return read_part(part, 0, node); });
    return;
  }
  std::size_t n = part.size;
  fields_.each(part.key, [&](const yaml::Node& node) { return read_part(part, n++, node); });
}

Result<void> FieldReader::read_part(const Part& part, std::size_t n, const yaml::Node& node) {
  if (node.is_scalar() && !part.scalar_key.empty()) {
    ScalarReader reader(part.scalar_key, node.text());
    part.visit(n, reader);
  } else {
    yaml::Fields fields(node, std::string(part.type));
    FieldReader reader(fields, context_);
    part.visit(n, reader);
    TOCSIN_OK(fields.finish());
  }
  if (const Result<void> complete = part.complete(n); !complete) return node.error("{}", complete.error().message);
  return {};
}

}  // namespace tocsin::config::alertmanager
