#include "expo/exposition.hpp"

#include "expo/text_parser.hpp"
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

std::string escaped_head(std::string_view head, EscapingScheme escaping) {
  const std::string line = std::string(head) + "0\n";
  TextParser parser(line);
  Row row;
  std::vector<model::LabelView> labels;
  if (parser.next(row) != RowKind::kSeries || parser.labels(row, labels) != ParseErrc::kNone) return std::string(head);
  std::string name;
  std::vector<std::string> names;
  names.reserve(labels.size());
  std::vector<model::LabelView> others;
  for (const model::LabelView& label : labels) {
    if (label.name == "__name__") {
      name = escape_name(label.value, escaping);
    } else {
      others.push_back({names.emplace_back(escape_name(label.name, escaping)), label.value});
    }
  }
  std::string out;
  append_head(out, name, {}, others);
  return out;
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
  const std::vector<MergedFamily> families = order.merge(pages);
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
