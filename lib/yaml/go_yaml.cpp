#include "yaml/go_yaml.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "yaml/tree.hpp"

namespace tocsin::yaml {
namespace {

constexpr std::size_t kWidth = 80;  // beyond it lines are folded at blanks

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "12:30": YAML 1.1 has numbers of base 60.
bool is_base_60(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  if (at == text.size() || !is_digit(text[at])) return false;
  while (at < text.size() && (is_digit(text[at]) || text[at] == '_')) ++at;
  std::size_t groups = 0;
  while (at < text.size() && text[at] == ':') {
    ++at;
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin || at - begin > 2 || (at - begin == 2 && text[begin] > '5')) return false;
    ++groups;
  }
  if (groups == 0) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && (is_digit(text[at]) || text[at] == '_')) ++at;
  }
  return at == text.size();
}

/// 2026-1-2, with or without a time behind it.
bool is_timestamp(std::string_view text) {
  if (text.size() < 8 || text[4] != '-' || !std::all_of(text.begin(), text.begin() + 4, is_digit)) return false;
  std::size_t at = 5;
  const auto one_or_two = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin == 1 || at - begin == 2;
  };
  if (!one_or_two() || at >= text.size() || text[at] != '-') return false;
  ++at;
  if (!one_or_two()) return false;
  return at == text.size() || text[at] == 'T' || text[at] == 't' || text[at] == ' ';
}

/// What the emitter lets a scalar be. Source: yaml_emitter_analyze_scalar.
struct Styles {
  bool flow_plain = true, block_plain = true, single_quoted = true, literal = true;
};

/// Go escapes what is beyond the first plane, and so every emoji. Line breaks but \n are escaped here, where Go lets
/// them break lines: few readers know them.
bool is_written_as_it_is(std::uint32_t code) {
  if (code == 0x2028 || code == 0x2029) return false;
  return code == '\n' || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) ||
         (code >= 0xe000 && code <= 0xfffd && code != 0xfeff);
}

Styles analyze(std::string_view text) {
  Styles out;
  if (text.empty()) return {false, true, true, false};
  bool block = text.starts_with("---") || text.starts_with("..."), flow = block;
  bool breaks = false, special = false, break_space = false, space_break = false, after_space = false,
       after_break = false, after_blank = true;
  std::string_view rest = text;
  for (bool first = true; !rest.empty(); first = false) {
    const Rune rune = decode_utf8(rest);
    const char c = rune.size == 1 ? rest.front() : '\0';
    rest.remove_prefix(rune.size);
    const bool blank_follows = rest.empty() || std::string_view(" \t\n\r").contains(rest.front());
    if (first) {
      flow = flow || std::string_view("#,[]{}&*!|>'\"%@`?:").contains(c);
      block = block || std::string_view("#,[]{}&*!|>'\"%@`").contains(c) || ((c == '?' || c == ':') && blank_follows);
      if (c == '-' && blank_follows) flow = block = true;
    } else {
      flow = flow || std::string_view(",?[]{}:").contains(c);
      if (c == ':' && blank_follows) block = true;
      if (c == '#' && after_blank) flow = block = true;
    }
    special = special || !is_written_as_it_is(rune.code);
    const bool space = c == ' ', line_break = c == '\n' || c == '\r';
    breaks = breaks || line_break;
    if (space && first) out.flow_plain = out.block_plain = false;
    if (line_break && first) out.flow_plain = out.block_plain = false;
    if (space && rest.empty()) out.flow_plain = out.block_plain = out.literal = false;
    if (line_break && rest.empty()) out.flow_plain = out.block_plain = false;
    break_space = break_space || (space && after_break);
    space_break = space_break || (line_break && after_space);
    after_space = space;
    after_break = line_break;
    after_blank = space || line_break || c == '\t';
  }
  if (break_space) out.flow_plain = out.block_plain = out.single_quoted = false;
  if (space_break || special) out.flow_plain = out.block_plain = out.single_quoted = out.literal = false;
  if (breaks || flow) out.flow_plain = false;
  if (breaks || block) out.block_plain = false;
  return out;
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  /// At the begin of a line, or behind "- ".
  void map(const GoYaml& map, std::size_t indent) {
    bool first = true;
    for (const auto& [key, value] : map.entries) {
      if (!first) spaces(indent);
      first = false;
      scalar(key, indent, true);
      out_ += ':';
      child(value, indent);
    }
  }

 private:
  /// What stands behind "key:"; lists stand as far left as their key.
  void child(const GoYaml& value, std::size_t indent) {
    switch (value.kind) {
      case GoYaml::Kind::kPlain:
        out_ += " " + value.scalar + "\n";
        return;
      case GoYaml::Kind::kText:
        out_ += ' ';
        scalar(value.scalar, indent + 2, false);
        out_ += '\n';
        return;
      case GoYaml::Kind::kFlowList:
        out_ += ' ';
        flow(value, indent);
        out_ += '\n';
        return;
      case GoYaml::Kind::kMap:
        if (value.entries.empty()) {
          out_ += " {}\n";
          return;
        }
        out_ += '\n';
        spaces(indent + 2);
        map(value, indent + 2);
        return;
      case GoYaml::Kind::kList:
        if (value.items.empty()) {
          out_ += " []\n";
          return;
        }
        out_ += '\n';
        for (const GoYaml& item : value.items) {
          spaces(indent);
          this->item(item, indent);
        }
    }
  }

  void item(const GoYaml& value, std::size_t indent) {
    out_ += '-';
    if (value.kind != GoYaml::Kind::kMap || value.entries.empty()) return child(value, indent);
    out_ += ' ';
    map(value, indent + 2);
  }

  void flow(const GoYaml& value, std::size_t indent) {
    out_ += '[';
    for (const GoYaml& one : value.items) {
      if (&one != &value.items.front()) out_ += ", ";
      in_flow_ = true;
      one.kind == GoYaml::Kind::kPlain ? void(out_ += one.scalar) : scalar(one.scalar, indent + 2, false);
      in_flow_ = false;
    }
    out_ += ']';
  }

  void scalar(std::string_view text, std::size_t indent, bool is_key) {
    const Styles styles = analyze(text);
    const bool simple = in_flow_ || is_key;
    if (text.contains('\n'))
      return styles.literal && !simple ? literal(text, indent) : double_quoted(text, indent, is_key);
    if (is_other_yaml_type(text)) return double_quoted(text, indent, is_key);
    if (in_flow_ ? styles.flow_plain : styles.block_plain) return folded(text, indent, is_key, false);
    if (styles.single_quoted) return folded(text, indent, is_key, true);
    double_quoted(text, indent, is_key);
  }

  /// Plain, or in single quotes. A long line ends at a single blank.
  void folded(std::string_view text, std::size_t indent, bool is_key, bool quoted) {
    if (quoted) out_ += '\'';
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool inside = i > 0 && i + 1 < text.size() && text[i - 1] != ' ' && text[i + 1] != ' ';
      if (text[i] == ' ' && inside && !is_key && column() > kWidth) {
        out_ += '\n';
        spaces(indent);
      } else {
        out_ += text[i];
        if (quoted && text[i] == '\'') out_ += '\'';
      }
    }
    if (quoted) out_ += '\'';
  }

  void literal(std::string_view text, std::size_t indent) {
    out_ += '|';
    if (text.front() == ' ' || text.front() == '\n') out_ += '2';
    if (!text.ends_with('\n')) {
      out_ += '-';
    } else if (text == "\n" || text.ends_with("\n\n")) {
      out_ += '+';
    }
    if (text.ends_with('\n')) text.remove_suffix(1);
    while (true) {
      const std::size_t end = text.find('\n');
      out_ += '\n';
      if (end != 0 && !text.empty()) spaces(indent);
      out_ += text.substr(0, end);
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
    }
  }

  void double_quoted(std::string_view text, std::size_t indent, bool is_key) {
    out_ += '"';
    bool after_blank = false;
    for (bool first = true; !text.empty(); first = false) {
      const Rune rune = decode_utf8(text);
      const bool is_blank = text.front() == ' ';
      const std::string_view bytes = text.substr(0, rune.size);
      text.remove_prefix(rune.size);
      if (is_blank && !first && !text.empty() && !after_blank && !is_key && column() > kWidth) {
        out_ += '\n';
        spaces(indent);
        if (text.front() == ' ') out_ += '\\';
      } else {
        escaped(rune.code, bytes);
      }
      after_blank = is_blank;
    }
    out_ += '"';
  }

  void escaped(std::uint32_t code, std::string_view bytes) {
    constexpr std::array<std::pair<std::uint32_t, std::string_view>, 14> kNamed = {{{0, "\\0"},
                                                                                    {7, "\\a"},
                                                                                    {8, "\\b"},
                                                                                    {9, "\\t"},
                                                                                    {10, "\\n"},
                                                                                    {11, "\\v"},
                                                                                    {12, "\\f"},
                                                                                    {13, "\\r"},
                                                                                    {27, "\\e"},
                                                                                    {'"', "\\\""},
                                                                                    {'\\', "\\\\"},
                                                                                    {0x85, "\\N"},

                                                                                    {0x2028, "\\L"},
                                                                                    {0x2029, "\\P"}}};
    for (const auto& [named, escape] : kNamed) {
      if (code == named) {
        out_ += escape;
        return;
      }
    }
    if (is_written_as_it_is(code)) {
      out_ += bytes;
    } else if (code <= 0xff) {
      out_ += fmt::format("\\x{:02X}", code);
    } else if (code <= 0xffff) {
      out_ += fmt::format("\\u{:04X}", code);
    } else {
      out_ += fmt::format("\\U{:08X}", code);
    }
  }

  void spaces(std::size_t count) { out_.append(count, ' '); }
  /// Characters on this line.
  std::size_t column() const {
    const std::size_t begin = out_.rfind('\n') + 1;  // npos + 1 is 0
    return static_cast<std::size_t>(
        std::count_if(out_.begin() + static_cast<std::ptrdiff_t>(begin), out_.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
  }

  std::string out_;
  bool in_flow_ = false;
};

}  // namespace

GoYaml GoYaml::texts(const std::vector<std::string>& texts, Kind kind) {
  GoYaml out{kind, {}, {}, {}};
  for (const std::string& one : texts) out.items.push_back(text(one));
  return out;
}

std::string write_go_yaml(const GoYaml& map) {
  Writer writer;
  writer.map(map, 0);
  return writer.take();
}

bool is_other_yaml_type(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kOthers = {"~", "null", "Null", "NULL", "<<"};
  return text.empty() || is_one_of(kOthers, text) || resolve_tag(text) != "!!str" || is_base_60(text) ||
         is_timestamp(text);
}

}  // namespace tocsin::yaml
