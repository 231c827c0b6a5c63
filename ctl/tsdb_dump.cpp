#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "ctl/tsdb.hpp"
#include "ctl/tsdb_blocks.hpp"
#include "model/histogram_text.hpp"
#include "promql/parser/parser.hpp"
#include "tsdb/merge_querier.hpp"

namespace tocsin::ctl {
namespace {

/// A text in JSON as Go writes it: <, > and & are escaped too.
std::string json_text(std::string_view text) {
  std::string out = boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  for (const auto& [from, to] : {std::pair("<", "\\u003c"), std::pair(">", "\\u003e"), std::pair("&", "\\u0026")}) {
    out = replace_all(std::move(out), from, to);
  }
  return out;
}

void print_json(const model::Labels& labels) {
  std::string out;
  for (const model::LabelView& label : labels) {
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_text(label.name), json_text(label.value));
  }
  fmt::print("{{{}}}\n", out);
}

void print_samples(const model::Labels& labels, const storage::SampleColumns& samples) {
  const std::string name = labels.to_string();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto* const histogram = samples.histograms.empty() ? nullptr : samples.histograms[i].get();
    fmt::print("{} {} {}\n", name, histogram ? model::histogram_text(*histogram) : format_float_g(samples.values[i]),
               samples.times[i]);
  }
}

/// Floats up to the first histogram: OpenMetrics has no native ones.
void print_openmetrics(const model::Labels& labels, const storage::SampleColumns& samples) {
  std::string name(labels.metric_name());
  std::string pairs;
  for (const model::LabelView& label : labels) {
    if (label.name == model::kMetricName) continue;
    pairs += fmt::format("{}{}={}", pairs.empty() ? "" : ",", label.name, go_quote(label.value));
  }
  name += "{" + pairs + "}";
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!samples.histograms.empty() && samples.histograms[i]) return;
    fmt::print("{} {} {:.3f}\n", name, format_float_g(samples.values[i]), static_cast<double>(samples.times[i]) / 1000);
  }
}

/// Several selections as one: series in order of labels, each once.
class Dump {
 public:
  Dump(storage::Querier& querier, const TsdbDumpArgs& args) : querier_(querier), args_(args) {
    hints_.start = args.min_time;
    hints_.end = args.max_time;
    hints_.sorted = true;
  }

  Result<void> run() {
    std::vector<std::unique_ptr<storage::SeriesSet>> sets;
    if (args_.match.empty()) sets.push_back(querier_.select(hints_, {}));
    for (const std::string& selector : args_.match) {
      TOCSIN_TRY(const auto matchers, promql::parser::parse_metric_selector(selector));
      sets.push_back(querier_.select(hints_, matchers));
    }
    for (auto& set : sets) TOCSIN_OK(advance(set));
    for (;;) {
      std::erase(sets, nullptr);
      if (sets.empty()) return {};
      const auto& first = *std::ranges::min_element(sets, {}, [](const auto& set) { return set->labels(); });
      const model::Labels labels = first->labels();
      TOCSIN_OK(print(*first));
      for (auto& set : sets) {
        if (set->labels() == labels) TOCSIN_OK(advance(set));
      }
    }
  }

 private:
  /// A set at its end becomes null.
  static Result<void> advance(std::unique_ptr<storage::SeriesSet>& set) {
    if (set->next()) return {};
    TOCSIN_OK(set->status());
    set.reset();
    return {};
  }

  Result<void> print(storage::SeriesSet& set) {
    if (args_.format == TsdbDumpFormat::kSeriesJson) {
      print_json(set.labels());
      return {};
    }
    TOCSIN_OK(set.read(args_.min_time, args_.max_time, samples_));
    args_.format == TsdbDumpFormat::kOpenMetrics ? print_openmetrics(set.labels(), samples_)
                                                 : print_samples(set.labels(), samples_);
    return {};
  }

  storage::Querier& querier_;
  const TsdbDumpArgs& args_;
  storage::SelectHints hints_;
  storage::SampleColumns samples_;
};

}  // namespace

int tsdb_dump(const TsdbDumpArgs& args) {
  const auto blocks = open_blocks(args.path);
  if (!blocks) {
    fmt::print(stderr, "{}\n", blocks.error().message);
    return 1;
  }
  int status = 0;
  std::vector<tsdb::MergeQuerier::Source> sources;
  for (const auto& block : *blocks) {
    auto querier = block::make_block_querier(block, args.min_time, args.max_time, [&](const std::string& damaged) {
      fmt::print(stderr, "{}\n", damaged);
      status = 1;
    });
    sources.push_back({std::move(querier), block->meta().min_time, block->meta().max_time - 1});
  }
  tsdb::MergeQuerier querier(std::move(sources));
  if (auto dumped = Dump(querier, args).run(); !dumped) {
    fmt::print(stderr, "{}\n", dumped.error().message);
    return 1;
  }
  if (args.format == TsdbDumpFormat::kOpenMetrics) fmt::print("# EOF\n");
  return status;
}

}  // namespace tocsin::ctl
