#include "exporters/collector/text_page.hpp"

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
    all.parts.push_back(std::move(family));
  }
}

Result<void> TextPage::add(std::string_view text, const std::string& origin) {
  Families mine;
  expo::TextParser parser(text);
  expo::Row row;
  std::vector<model::LabelView> views;
  for (;;) {
    switch (parser.next(row)) {
      case expo::RowKind::kEnd:
        merge(std::move(mine), origin);
        return {};
      case expo::RowKind::kError:
        return fail(Errc::kInvalid, "{}", expo::describe(text, parser.error()));
      case expo::RowKind::kHelp:
        mine[std::string(row.name)].help = expo::unescape_help(row.text);
        break;
      case expo::RowKind::kType:
        mine[std::string(row.name)].type = row.type;
        break;
      case expo::RowKind::kUnit:       // of OpenMetrics alone
      case expo::RowKind::kHistogram:  // of protobuf alone
      case expo::RowKind::kComment:
        break;
      case expo::RowKind::kSeries: {
        if (row.has_timestamp && rules_ == Rules::kTextfile) {
          return fail(Errc::kInvalid, "contains unsupported client-side timestamps");
        }
        if (parser.labels(row, views) != expo::ParseErrc::kNone) {
          return fail(Errc::kInvalid, "a label stands twice in {}", row.series);
        }
        const model::Labels labels = model::Labels::from(views);
        const std::string name(labels.metric_name());
        const std::string base(family_name(mine, name));
        Family& family = mine[base];
        if (is_compound(family.type)) {
          add_compound(family, std::string_view(name).substr(base.size()), labels.without_name(), row.value);
        } else {
          family.lines.push_back(Line{labels.without_name(), row.value});
        }
        break;
      }
    }
  }
}

void TextPage::put_part(const Family& part, model::MetricType type, expo::CachedFamily& out) const {
  std::set<std::string_view> names;  // that every line is to have
  const model::Labels* last = nullptr;
  const auto note = [&](const model::Labels& labels) {
    // Most lines have the names of the line before.
    if (last != nullptr && std::ranges::equal(labels, *last, {}, &model::LabelView::name, &model::LabelView::name))
      return;
    for (const auto& label : labels) names.insert(label.name);
    last = &labels;
  };
  if (rules_ == Rules::kTextfile) {
    for (const Line& line : part.lines) note(line.labels);
    for (const auto& [labels, compound] : part.compounds) note(labels);
  }
  std::vector<model::LabelView> views;
  const auto views_of = [&](const model::Labels& labels) -> std::span<const model::LabelView> {
    views.clear();
    for (const std::string_view name : names) views.push_back({name, labels.get(name)});
    if (names.empty()) views.assign(labels.begin(), labels.end());
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
