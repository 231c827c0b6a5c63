#pragma once
// Reads the fields that a describe() lists from a map of alertmanager.yml. Private to this module.

#include "config/alertmanager_parts.hpp"
#include "config/field_visitor.hpp"

namespace tocsin::config::alertmanager {

/// Keeps defaults of absent and null keys. Mistakes are remembered by `fields`: ask its finish().
class FieldReader final : public FieldVisitor {
 public:
  /// Both must outlive this.
  FieldReader(yaml::Fields& fields, Context& context) : fields_(fields), context_(context) {}

  void text(std::string_view key, std::string& value) override { fields_.read(key, value); }
  void texts(std::string_view key, std::vector<std::string>& value) override { fields_.read(key, value); }
  void text_map(std::string_view key, TextMap& value) override;
  void tree(std::string_view key, std::optional<ValueTree>& value) override;
  void tree_map(std::string_view key, TreeMap& value) override;
  void plain(std::string_view key, std::string& value) override { fields_.read(key, value); }
  void plains(std::string_view key, std::vector<std::string>& value) override { fields_.read(key, value); }
  void url(std::string_view key, std::string& value) override;
  void file(std::string_view key, std::string& value) override;
  void secret(std::string_view key, Secret& value) override { fields_.read(key, value); }
  void secret_text(std::string_view key, Secret& value) override { fields_.read(key, value); }
  void secret_map(std::string_view key, SecretMap& value) override;
  void secret_url(std::string_view key, Secret& value) override;
  void secret_url_text(std::string_view key, Secret& value) override;
  void flag(std::string_view key, bool& value) override { fields_.read(key, value); }
  void flag(std::string_view key, std::optional<bool>& value) override { fields_.read(key, value); }
  void count(std::string_view key, std::uint64_t& value) override { fields_.read(key, value); }
  void integer(std::string_view key, std::int64_t& value) override { fields_.read(key, value); }
  void tls(std::string_view key, std::optional<TlsConfig>& value) override;
  void duration(std::string_view key, Duration& value) override { fields_.read(key, value); }
  void go_duration(std::string_view key, Duration& value) override;

 protected:
  void part(const Part& part) override;

 private:
  Result<void> read_part(const Part& part, std::size_t n, const yaml::Node& node);

  yaml::Fields& fields_;
  Context& context_;
};

}  // namespace tocsin::config::alertmanager
