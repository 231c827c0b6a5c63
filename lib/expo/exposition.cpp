#include "expo/exposition.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "expo/writer.hpp"

namespace tocsin::expo {

bool needs_escapes(const RenderedPage::Family& family, EscapingScheme escaping) {
  if (escaping == EscapingScheme::kAllowUtf8) return false;
  return family.quoted || escaping == EscapingScheme::kDots;
}

std::size_t head_size(std::string_view line) {
  const std::size_t brace = line.rfind('}');
  return brace != std::string_view::npos ? brace + 2 : line.find(' ') + 1;
}

namespace {

/// The quoted text at `at`, with what is behind its closing quote; our writer has escaped what needs it.
struct QuotedPart {
  std::string_view raw;
  std::size_t end = 0;
};

QuotedPart quoted_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  return {text.substr(at + 1, end - at - 1), end + 1};
}

std::string unescaped(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      ++i;
      out += raw[i] == 'n' ? '\n' : raw[i];
    } else {
      out += raw[i];
    }
  }
  return out;
}

}  // namespace

/// Not by the parser: bytes that no page may have in a name, such as zeros, become underscores like any other.
std::string escaped_head(std::string_view head, EscapingScheme escaping) {
  std::size_t at = std::min(head.find_first_of("{ "), head.size());
  std::string name = escape_name(head.substr(0, at), escaping);
  std::vector<std::pair<std::string, std::string_view>> labels;  // with the value between its quotes
  for (++at; at < head.size() && head[at] != '}' && head[at] != ' ';
       at += at < head.size() && head[at] == ',' ? 1 : 0) {
    std::string key;
    if (head[at] == '"') {
      const auto [raw, end] = quoted_at(head, at);
      key = escape_name(unescaped(raw), escaping);
      at = end;
    } else {
      const std::size_t equals = std::min(head.find('=', at), head.size());
      key = escape_name(head.substr(at, equals - at), escaping);
      at = equals;
    }
    if (at >= head.size() || head[at] != '=') {  // the metric's name
      name = std::move(key);
      continue;
    }
    const auto [raw, end] = quoted_at(head, at + 1);
    labels.emplace_back(std::move(key), raw);
    at = end;
  }
  std::ranges::sort(labels);
  std::string out = std::move(name);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    out += fmt::format("{}{}=\"{}\"", i == 0 ? '{' : ',', labels[i].first, labels[i].second);
  }
  return out += labels.empty() ? " " : "} ";
}

void append_text(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping) {
  std::string_view last;
  for (const MergedFamily& merged : families) {
    const FamilyInfo& info = merged.info();
    const bool first = info.name != last;
    last = info.name;
    if (!needs_escapes(*merged.family, escaping)) {
      const std::size_t begin = first ? merged.family->begin : merged.family->lines_begin;
      out.append(merged.page->text, begin, merged.family->end - begin);
      continue;
    }
    if (first) append_family_header(out, escape_name(info.name, escaping), info.help, info.type);
    for (std::string_view rest = merged.lines(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      const std::size_t head = head_size(line);
      out += escaped_head(line.substr(0, head), escaping);
      out += line.substr(head);
    }
  }
}

std::string expose(std::span<const RenderedPage* const> pages, const Exposition& exposition) {
  MergeOrder order;
  return expose(pages, exposition, order);
}

std::string expose(std::span<const RenderedPage* const> pages, const Exposition& exposition, MergeOrder& order) {
  const std::span<const MergedFamily> families = order.merge(pages);
  std::size_t bytes = 0;
  for (const RenderedPage* page : pages) bytes += page->text.size();
  std::string out;
  switch (exposition.format) {
    case PageFormat::kText:
      out.reserve(bytes);
      append_text(out, families, exposition.escaping);
      break;
    case PageFormat::kOpenMetrics:
      out.reserve(bytes + bytes / 8);
      append_openmetrics(out, families, exposition.escaping);
      break;
    case PageFormat::kProtobuf:
      append_protobuf(out, families, exposition.escaping);
      break;
  }
  return out;
}

}  // namespace tocsin::expo
