#include "config/relabel.hpp"

#include <array>

#include <openssl/evp.h>

#include "base/check.hpp"
#include "base/utf8.hpp"

namespace tocsin::config {
namespace {

using model::LabelsBuilder;

const model::AnchoredRegex& regex_of(const RelabelConfig& config) {
  static const model::AnchoredRegex any = *model::AnchoredRegex::make("(.*)");
  return config.regex ? *config.regex : any;
}

std::string joined_values(const RelabelConfig& config, const LabelsBuilder& labels) {
  std::string value;
  for (std::size_t i = 0; i < config.source_labels.size(); ++i) {
    if (i > 0) value += config.separator;
    value += labels.get(config.source_labels[i]);
  }
  return value;
}

/// The last eight bytes of the MD5 sum, big-endian: what Prometheus' hashmod takes.
std::uint64_t md5_tail(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_md5(), nullptr);
  check(done == 1 && size == 16, "BUG: OpenSSL has no MD5");
  std::uint64_t tail = 0;
  for (std::size_t i = 8; i < 16; ++i) tail = (tail << 8U) | sum[i];
  return tail;
}

bool is_label_name(const RelabelConfig& config, std::string_view name) {
  return config.legacy_names ? model::is_legacy_label_name(name) : model::is_valid_name(name);
}

void replace(const RelabelConfig& config, const std::string& value, LabelsBuilder& labels) {
  const bool has_variables = config.target_label.contains('$') || config.replacement.contains('$');
  if (!config.regex && !has_variables) {
    labels.set(config.target_label, config.replacement);
    return;
  }
  std::string target;
  if (!regex_of(config).expand(value, config.target_label, target) || !is_label_name(config, target)) return;
  std::string replacement;
  regex_of(config).expand(value, config.replacement, replacement);
  labels.set(target, replacement);
}

void map_names(const RelabelConfig& config, LabelsBuilder& labels) {
  const auto before = labels.pairs();
  for (const auto& [name, value] : before) {
    std::string target;
    if (regex_of(config).expand(name, config.replacement, target) && !target.empty()) labels.set(target, value);
  }
}

void drop_names(const RelabelConfig& config, LabelsBuilder& labels, bool matching) {
  const auto before = labels.pairs();
  for (const auto& [name, value] : before) {
    if (regex_of(config).matches(name) == matching) labels.remove(name);
  }
}

/// One step; false if the target or series is dropped.
bool apply(const RelabelConfig& config, LabelsBuilder& labels) {
  const std::string value = joined_values(config, labels);
  switch (config.action) {
    case RelabelAction::kReplace:
      replace(config, value, labels);
      return true;
    case RelabelAction::kKeep:
      return regex_of(config).matches(value);
    case RelabelAction::kDrop:
      return !regex_of(config).matches(value);
    case RelabelAction::kKeepEqual:
      return labels.get(config.target_label) == value;
    case RelabelAction::kDropEqual:
      return labels.get(config.target_label) != value;
    case RelabelAction::kHashMod:
      labels.set(config.target_label, fmt::format("{}", md5_tail(value) % config.modulus));
      return true;
    case RelabelAction::kLabelMap:
      map_names(config, labels);
      return true;
    case RelabelAction::kLabelDrop:
      drop_names(config, labels, true);
      return true;
    case RelabelAction::kLabelKeep:
      drop_names(config, labels, false);
      return true;
    case RelabelAction::kLowercase:
      labels.set(config.target_label, utf8_to_lower(value));
      return true;
    case RelabelAction::kUppercase:
      labels.set(config.target_label, utf8_to_upper(value));
      return true;
  }
  bug("BUG: no such relabel action");
}

}  // namespace

bool RelabelConfig::operator==(const RelabelConfig& other) const {
  const bool same_regex = regex.has_value() == other.regex.has_value() &&
                          (!regex.has_value() || regex->expression() == other.regex->expression());
  return same_regex && source_labels == other.source_labels && separator == other.separator &&
         modulus == other.modulus && target_label == other.target_label && replacement == other.replacement &&
         action == other.action && legacy_names == other.legacy_names;
}

std::optional<model::Labels> relabel(const model::Labels& labels, const std::vector<RelabelConfig>& configs) {
  if (configs.empty()) return labels;
  LabelsBuilder builder(labels);
  for (const RelabelConfig& config : configs) {
    if (!apply(config, builder)) return std::nullopt;
  }
  return builder.build();
}

std::vector<RelabelStep> relabel_steps(const model::Labels& labels, const std::vector<RelabelConfig>& configs) {
  std::vector<RelabelStep> steps;
  LabelsBuilder builder(labels);
  bool keep = true;
  for (const RelabelConfig& config : configs) {
    keep = keep && apply(config, builder);
    steps.push_back({&config, keep ? builder.build() : model::Labels(), keep});
  }
  return steps;
}

}  // namespace tocsin::config
