// *.prom files that other programs leave in a folder: batch jobs, cron, scripts.

#include <limits>
#include <map>
#include <set>

#include "base/float_text.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "expo/text_parser.hpp"
#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kMaxFiles = 1000;

/// One histogram or summary, put together from its lines.
struct Compound {
  model::Labels labels;  // without le and quantile
  std::vector<expo::Bucket> buckets;
  std::vector<expo::Quantile> quantiles;
  double sum = 0, count = 0;
};

struct Line {
  model::Labels labels;  // without the name
  double value = 0;
};

struct Family {
  model::MetricType type = model::MetricType::kUnknown;
  std::string help;
  std::set<std::string> files;
  std::vector<Line> lines;
  std::map<model::Labels, Compound> compounds;
};
using Families = std::map<std::string, Family, std::less<>>;

/// The family that a series belongs to: itself, or the histogram or summary whose part it is.
std::string_view family_name(const Families& families, std::string_view name) {
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

bool bound_of(const model::Labels& labels, std::string_view name, double& bound) {
  return labels.has(name) && parse_float(labels.get(name), bound);
}

void add_compound(Family& family, std::string_view base, std::string_view name, const model::Labels& labels,
                  double value) {
  const bool histogram = family.type == model::MetricType::kHistogram;
  const model::Labels identity = labels.without({"le", "quantile"});
  Compound& compound = family.compounds[identity];
  compound.labels = identity;
  const std::string_view suffix = name.substr(base.size());
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

/// Adds what one file says; on an error nothing of it.
Result<void> read_page(std::string_view text, const std::string& path, Families& families) {
  Families mine;
  expo::TextParser parser(text);
  expo::Row row;
  std::vector<model::LabelView> views;
  for (;;) {
    switch (parser.next(row)) {
      case expo::RowKind::kEnd:
        for (auto& [name, family] : mine) {
          Family& all = families[name];
          if (all.files.empty()) {
            all.type = family.type;
            all.help = family.help;
          } else if (all.help != family.help && !family.help.empty() && !all.help.empty()) {
            log::debug("textfile", "inconsistent metric help text", {{"metric", name}, {"file", path}});
          }
          all.files.insert(path);
          std::move(family.lines.begin(), family.lines.end(), std::back_inserter(all.lines));
          all.compounds.merge(family.compounds);
        }
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
        if (row.has_timestamp) return fail(Errc::kInvalid, "contains unsupported client-side timestamps");
        if (parser.labels(row, views) != expo::ParseErrc::kNone) {
          return fail(Errc::kInvalid, "a label stands twice in {}", row.series);
        }
        const model::Labels labels = model::Labels::from(views);
        const std::string name(labels.metric_name());
        const std::string base(family_name(mine, name));
        Family& family = mine[base];
        const bool compound =
            family.type == model::MetricType::kHistogram || family.type == model::MetricType::kSummary;
        if (compound) {
          add_compound(family, base, name, labels.without_name(), row.value);
        } else {
          family.lines.push_back(Line{labels.without_name(), row.value});
        }
        break;
      }
    }
  }
}

std::vector<model::LabelView> views_of(const model::Labels& labels) {
  return {labels.begin(), labels.end()};
}

class Textfile final : public Collector {
 public:
  Textfile(const NodeOptions& options, Fs& fs) : fs_(fs), directories_(options.textfile_directories) {}
  std::string_view name() const override { return "textfile"; }

  Result<void> collect(expo::Page& page) override {
    bool failed = false;
    Families families;
    auto& mtimes = page.family("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.",
                               model::MetricType::kGauge);
    for (const std::string& path : find_files(failed)) {
      if (auto read = read_file(path, families, mtimes); !read) {
        failed = true;
        complain(path, read.error().message);
      } else {
        complaints_.erase(path);
      }
    }
    for (const auto& [name, family] : families) put_family(page, name, family);
    page.family("node_textfile_scrape_error", "1 if there was an error opening or reading a file, 0 otherwise",
                model::MetricType::kGauge)
        .put(failed ? 1 : 0);
    return {};
  }

 private:
  std::vector<std::string> find_files(bool& failed) {
    std::vector<std::string> files;
    for (const std::string& pattern : directories_) {
      std::vector<std::string> folders{pattern};
      if (auto found = glob(fs_, pattern); found && !found->empty()) folders = std::move(*found);
      for (const std::string& folder : folders) {
        auto names = fs_.list(folder);
        if (!names) {
          failed = true;
          complain(folder, names.error().message);
          continue;
        }
        complaints_.erase(folder);
        for (const std::string& file : *names) {
          if (file.ends_with(".prom") && files.size() < kMaxFiles) files.push_back(folder + "/" + file);
        }
      }
    }
    return files;
  }

  Result<void> read_file(const std::string& path, Families& families, expo::CachedFamily& mtimes) {
    TOCSIN_TRY(const FileInfo info, fs_.info(path));
    TOCSIN_TRY(const std::string text, fs_.read_file(path, kMaxFileBytes));
    TOCSIN_OK(read_page(text, path, families));
    mtimes.put({{"file", path}}, static_cast<double>(info.modified) / 1000);
    return {};
  }

  static void put_family(expo::Page& page, const std::string& name, const Family& family) {
    std::string help = family.help;
    if (help.empty()) help = fmt::format("Metric read from {}", fmt::join(family.files, ", "));
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

  /// Logged when it begins, not at each scrape.
  void complain(const std::string& path, const std::string& problem) {
    if (complaints_[path] == problem) return;
    complaints_[path] = problem;
    log::error("textfile", "failed to collect textfile data", {{"file", path}, {"err", problem}});
  }

  Fs& fs_;
  std::vector<std::string> directories_;
  std::map<std::string, std::string> complaints_;
};

}  // namespace

MadeCollector make_textfile(const NodeContext& context) {
  return std::make_unique<Textfile>(context.options, context.fs);
}

}  // namespace tocsin::exporters::node
