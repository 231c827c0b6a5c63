#pragma once
// Relabelling as one would write it down: a map of labels, one rule after the other, nothing shared with
// ruler/config/relabel.cpp but the matching of regular expressions. For comparison on generated input.

#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <re2/re2.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "config/relabel.hpp"

namespace tocsin::test {

using LabelMap = std::map<std::string, std::string>;

/// Groups of a whole match, the whole first; nothing if there is none.
inline std::optional<std::vector<std::string>> naive_match(const std::string& expression, const std::string& text) {
  const re2::RE2 regex("^(?s:" + expression + ")$", re2::RE2::Quiet);
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  if (!regex.Match(text, 0, text.size(), re2::RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) {
    return std::nullopt;
  }
  std::vector<std::string> groups;
  for (const auto& group : found) groups.emplace_back(group.data() == nullptr ? "" : group.as_string());
  return groups;
}

/// $1, ${1}, $$ of ASCII names; the generated expressions name no groups, so that all other names stand for nothing.
inline std::string naive_expand(const std::string& text, const std::vector<std::string>& groups) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const bool brace = i + 1 < text.size() && text[i + 1] == '{';
    std::size_t end = i + 1 + (brace ? 1 : 0);
    std::string name;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
      name += text[end++];
    }
    if (name.empty() || (brace && (end == text.size() || text[end] != '}'))) {
      out += '$';
      continue;
    }
    i = brace ? end : end - 1;
    const bool is_number =
        name.size() < 9 && name.find_first_not_of("0123456789") == std::string::npos && (name == "0" || name[0] != '0');
    if (is_number && std::stoul(name) < groups.size()) out += groups[std::stoul(name)];
  }
  return out;
}

inline std::string naive_hash(const std::string& text, std::uint64_t modulus) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  EVP_Digest(text.data(), text.size(), sum, nullptr, EVP_md5(), nullptr);
  std::uint64_t tail = 0;
  for (int i = 8; i < 16; ++i) tail = tail * 256 + sum[i];
  return std::to_string(tail % modulus);
}

inline std::optional<LabelMap> naive_relabel(LabelMap labels, const std::vector<config::RelabelConfig>& rules) {
  using enum config::RelabelAction;
  const auto set = [&labels](const std::string& name, const std::string& value) {
    if (value.empty())
      labels.erase(name);
    else
      labels[name] = value;
  };
  for (const config::RelabelConfig& rule : rules) {
    std::string value;
    for (const std::string& name : rule.source_labels) {
      if (&name != &rule.source_labels.front()) value += rule.separator;
      if (labels.contains(name)) value += labels[name];
    }
    const std::string expression = rule.regex ? rule.regex->expression() : "(.*)";
    const auto match = naive_match(expression, value);
    const std::string other = labels.contains(rule.target_label) ? labels[rule.target_label] : "";
    const LabelMap before = labels;
    if (rule.action == kKeep && !match) return std::nullopt;
    if (rule.action == kDrop && match) return std::nullopt;
    if (rule.action == kKeepEqual && other != value) return std::nullopt;
    if (rule.action == kDropEqual && other == value) return std::nullopt;
    if (rule.action == kHashMod) set(rule.target_label, naive_hash(value, rule.modulus));
    if (rule.action == kLowercase) set(rule.target_label, utf8_to_lower(value));
    if (rule.action == kUppercase) set(rule.target_label, utf8_to_upper(value));
    if (rule.action == kReplace && match) {
      const std::string target = naive_expand(rule.target_label, *match);
      if (!target.empty() && is_valid_utf8(target)) set(target, naive_expand(rule.replacement, *match));
    }
    for (const auto& [name, text] : before) {
      const auto name_match = naive_match(expression, name);
      if (rule.action == kLabelDrop && name_match) labels.erase(name);
      if (rule.action == kLabelKeep && !name_match) labels.erase(name);
      if (rule.action == kLabelMap && name_match) {
        const std::string target = naive_expand(rule.replacement, *name_match);
        if (!target.empty()) set(target, text);
      }
    }
  }
  return labels;
}

}  // namespace tocsin::test
