#include "exporters/collector/text_page.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "base/float_text.hpp"
#include "expo/text_parser.hpp"

namespace tocsin::exporters {
namespace {

bool bound_of(const model::Labels& labels, std::string_view name, double& bound) {
  return labels.has(name) && parse_float(labels.get(name), bound);
}

bool is_compound(model::MetricType type) {
  return type == model::MetricType::kHistogram || type == model::MetricType::kSummary;
}

}  // namespace

/// The family that a series belongs to: itself, or the histogram or summary whose part it is.
std::string_view TextPage::family_name(const Families& families, std::string_view name) {
  if (families.contains(name)) return name;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const std::string_view base = name.substr(0, name.size() - suffix.size());
    const auto found = families.find(base);
    if (found == families.end()) continue;
    if (found->second.type == model::MetricType::kHistogram) return base;
    if (found->second.type == model::MetricType::kSummary && suffix != "_bucket") return base;
  }
  return name;
}

void TextPage::add_compound(Family& family, std::string_view suffix, const model::Labels& labels, double value) {
  const bool histogram = family.type == model::MetricType::kHistogram;
  Compound& compound = family.compounds[labels.without({"le", "quantile"})];
  double bound = 0;
  if (suffix == "_sum") {
    compound.sum = value;
  } else if (suffix == "_count") {
    compound.count = value;
  } else if (histogram && bound_of(labels, "le", bound)) {
    compound.buckets.push_back({bound, value});
  } else if (!histogram && bound_of(labels, "quantile", bound)) {
    compound.quantiles.push_back({bound, value});
  }
}

std::vector<std::string> TextPage::names_to_have(const Family& family) {
  std::set<std::string_view> names;
  const model::Labels* last = nullptr;
  bool differ = false;
  const auto note = [&](const model::Labels& labels) {
    const auto name_of = &model::LabelView::name;
    if (last != nullptr && std::ranges::equal(labels, *last, {}, name_of, name_of)) return;
    differ = differ || last != nullptr;
    for (const auto& label : labels) names.insert(label.name);
    last = &labels;
  };
  for (const Line& line : family.lines) note(line.labels);
  for (const auto& [labels, compound] : family.compounds) note(labels);
  return differ ? std::vector<std::string>(names.begin(), names.end()) : std::vector<std::string>();
}

void TextPage::merge(Families mine, const std::string& origin) {
  for (auto& [name, family] : mine) {
    Merged& all = families_[name];
    if (all.origins.empty()) {
      all.type = family.type;
      all.help = family.help;
    } else if (rules_ == Rules::kTextfile && all.help != family.help && !family.help.empty() && !all.help.empty()) {
      conflicts_.insert(fmt::format("{}: the help of {} is another than in {}", origin, name, *all.origins.begin()));
      continue;
    }
    all.origins.insert(origin);
    if (rules_ == Rules::kTextfile) family.label_names = names_to_have(family);
    all.parts.push_back(std::move(family));
  }
}

Result<void> TextPage::read(expo::Parser& parser, const expo::Row& row, Families& out) {
  if (row.kind == expo::RowKind::kHelp) out[std::string(row.name)].help = expo::unescape_help(row.text);
  if (row.kind == expo::RowKind::kType) out[std::string(row.name)].type = row.type;
  if (row.kind != expo::RowKind::kSeries) return {};  // units and histograms are of other formats
  if (row.has_timestamp && rules_ == Rules::kTextfile) {
    return fail(Errc::kInvalid, "contains unsupported client-side timestamps");
  }
  if (parser.labels(row, views_) != expo::ParseErrc::kNone) {
    return fail(Errc::kInvalid, "a label stands twice in {}", row.series);
  }
  const model::Labels labels = model::Labels::from(views_);
  const std::string name(labels.metric_name());
  const std::string base(family_name(out, name));
  Family& family = out[base];
  if (is_compound(family.type)) {
    add_compound(family, std::string_view(name).substr(base.size()), labels.without_name(), row.value);
  } else {
    family.lines.push_back(Line{labels.without_name(), row.value});
  }
  return {};
}

Result<void> TextPage::add(std::string_view text, const std::string& origin) {
  Families mine;
  expo::TextParser parser(text);
  expo::Row row;
  while (parser.next(row) != expo::RowKind::kEnd) {
    if (row.kind == expo::RowKind::kError) return fail(Errc::kInvalid, "{}", expo::describe(text, parser.error()));
    TOCSIN_OK(read(parser, row, mine));
  }
  merge(std::move(mine), origin);
  return {};
}

TextPage::Mistakes TextPage::add_readable(std::string_view text, const std::string& origin) {
  std::string whole;
  if (!text.ends_with('\n')) {  // else a parser copies what is left, each time
    whole = fmt::format("{}\n", text);
    text = whole;
  }
  Families mine;
  Mistakes mistakes;
  const auto note = [&](std::string what) {
    if (mistakes.count++ == 0) mistakes.first = std::move(what);
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view rest = text.substr(begin);
    begin = text.size();
    expo::TextParser parser(rest);
    expo::Row row;
    while (parser.next(row) != expo::RowKind::kEnd) {
      if (row.kind == expo::RowKind::kError) {  // on with the line behind it
        const std::size_t offset = text.size() - rest.size() + parser.error().offset;
        note(expo::describe(text, {parser.error().code, offset}));
        begin = std::min(text.size(), text.find('\n', offset)) + 1;
        break;
      }
      if (auto put = read(parser, row, mine); !put) note(std::move(put).error().message);
    }
  }
  merge(std::move(mine), origin);
  return mistakes;
}

void TextPage::put_part(const Family& part, model::MetricType type, expo::CachedFamily& out) {
  std::vector<model::LabelView> views;
  const auto views_of = [&](const model::Labels& labels) -> std::span<const model::LabelView> {
    if (part.label_names.empty()) {
      views.assign(labels.begin(), labels.end());
      return views;
    }
    views.clear();
    for (const std::string& name : part.label_names) views.push_back({name, labels.get(name)});
    return views;
  };
  for (const Line& line : part.lines) out.put(views_of(line.labels), line.value);
  for (const auto& [labels, compound] : part.compounds) {
    if (type == model::MetricType::kHistogram) {
      out.put_histogram(views_of(labels), compound.buckets, compound.sum, compound.count);
    } else {
      out.put_summary(views_of(labels), compound.quantiles, compound.sum, compound.count);
    }
  }
}

void TextPage::put(expo::Page& page) const {
  for (const auto& [name, family] : families_) {
    std::string help = family.help;
    if (help.empty()) help = fmt::format("Metric read from {}", fmt::join(family.origins, ", "));
    auto& out = page.family(name, help, family.type);
    for (const Family& part : family.parts) put_part(part, family.type, out);
  }
}

}  // namespace tocsin::exporters
