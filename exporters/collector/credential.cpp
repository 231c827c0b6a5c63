#include "exporters/collector/credential.hpp"

namespace tocsin::exporters {

Result<std::optional<Credential>> Credential::read(yaml::Fields& fields, std::string_view key) {
  const std::string file_key = fmt::format("{}_file", key), variable_key = fmt::format("{}_env", key);
  std::optional<Secret> value;
  std::optional<std::string> file, variable;
  const yaml::Node node = fields.node();
  if (fields.has(key)) fields.read(key, value.emplace());
  if (fields.has(file_key)) fields.read(file_key, file.emplace());
  if (fields.has(variable_key)) fields.read(variable_key, variable.emplace());
  TOCSIN_OK(fields.failed());
  if (value.has_value() + file.has_value() + variable.has_value() > 1) {
    return node.error("at most one of {}, {} and {} must be configured", key, file_key, variable_key);
  }
  if (value) return Credential(Kind::kValue, {}, std::move(*value));
  if (file) return Credential(Kind::kFile, node.beside(*file), {});
  if (variable) return Credential(Kind::kVariable, std::move(*variable), {});
  return std::nullopt;
}

Result<Secret> Credential::get(Fs& fs, const config::Environment& environment) const {
  switch (kind_) {
    case Kind::kValue:
      return value_;
    case Kind::kVariable: {
      std::string text = environment(place_);
      if (text.empty()) return fail(Errc::kInvalid, "the environment variable {} is not set", place_);
      return Secret(std::move(text));
    }
    case Kind::kFile:
      break;
  }
  TOCSIN_TRY(std::string text, fs.read_file(place_, 64U << 10U));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

}  // namespace tocsin::exporters
