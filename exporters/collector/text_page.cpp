#include "exporters/collector/text_page.hpp"

#include <iterator>

#include "base/float_text.hpp"
#include "base/log.hpp"
#include "expo/text_parser.hpp"

namespace tocsin::exporters {
namespace {

bool bound_of(const model::Labels& labels, std::string_view name, double& bound) {
  return labels.has(name) && parse_float(labels.get(name), bound);
}

std::vector<model::LabelView> views_of(const model::Labels& labels) {
  return {labels.begin(), labels.end()};
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
    Family& all = families_[name];
    if (all.origins.empty()) {
      all.type = family.type;
      all.help = family.help;
    } else if (all.help != family.help && !family.help.empty() && !all.help.empty()) {
      log::debug("textfile", "inconsistent metric help text", {{"metric", name}, {"file", origin}});
    }
    all.origins.insert(origin);
    std::move(family.lines.begin(), family.lines.end(), std::back_inserter(all.lines));
    all.compounds.merge(family.compounds);
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
        if (row.has_timestamp && timestamps_ == Timestamps::kRefused) {
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

void TextPage::put(expo::Page& page) const {
  for (const auto& [name, family] : families_) {
    std::string help = family.help;
    if (help.empty()) help = fmt::format("Metric read from {}", fmt::join(family.origins, ", "));
    auto& out = page.family(name, help, family.type);
    for (const Line& line : family.lines) out.put(views_of(line.labels), line.value);
    for (const auto& [labels, compound] : family.compounds) {
      if (family.type == model::MetricType::kHistogram) {
        out.put_histogram(views_of(labels), compound.buckets, compound.sum, compound.count);
      } else {
        out.put_summary(views_of(labels), compound.quantiles, compound.sum, compound.count);
      }
    }
  }
}

}  // namespace tocsin::exporters
