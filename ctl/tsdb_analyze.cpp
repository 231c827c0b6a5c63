#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "base/duration.hpp"
#include "ctl/tsdb.hpp"
#include "ctl/tsdb_blocks.hpp"
#include "ctl/tsdb_chunk_statistics.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::ctl {
namespace {

using Numbers = std::map<std::string, std::uint64_t>;

/// The greatest first, equal ones by name.
void print_top(const char* title, const Numbers& numbers, std::size_t limit) {
  fmt::print("\n{}:\n", title);
  std::vector<std::pair<std::string, std::uint64_t>> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted, {}, [](const auto& one) { return std::pair(~one.second, std::string_view(one.first)); });
  if (sorted.size() > limit) sorted.resize(limit);
  for (const auto& [name, number] : sorted) fmt::print("{} {}\n", number, name);
}

class Analysis {
 public:
  Analysis(const block::Block& block, const TsdbAnalyzeArgs& args) : block_(block), args_(args) {}

  Result<void> run() {
    std::vector<model::Matcher> matchers;
    if (!args_.match.empty()) {
      TOCSIN_TRY(matchers, promql::parser::parse_metric_selector(args_.match));
    }
    TOCSIN_TRY(refs_, block_.select(matchers));
    TOCSIN_OK(count());
    print_head();
    print_lists();
    if (args_.extended) return print_chunk_statistics(block_, refs_);
    return {};
  }

 private:
  Result<void> count() {
    const block::Meta& meta = block_.meta();
    const auto length = static_cast<std::uint64_t>(meta.max_time - meta.min_time);
    model::Labels labels;
    std::vector<block::ChunkMeta> chunks;
    for (const block::SeriesRef ref : refs_) {
      TOCSIN_OK(block_.series(ref, &labels, &chunks));
      const auto covered =
          chunks.empty() ? 0 : static_cast<std::uint64_t>(chunks.back().max_time - chunks.front().min_time);
      for (const model::LabelView& label : labels) {
        const std::string pair = fmt::format("{}={}", label.name, label.value);
        uncovered_by_name_[std::string(label.name)] += length - covered;
        uncovered_by_pair_[pair] += length - covered;
        ++series_by_pair_[pair];
        ++entries_;
        values_[std::string(label.name)].emplace(label.value);
        if (label.name == model::kMetricName) ++series_by_metric_[std::string(label.value)];
      }
    }
    return {};
  }

  void print_head() const {
    const block::Meta& meta = block_.meta();
    fmt::print("Block ID: {}\n", meta.ulid.text());
    fmt::print("Duration: {}\n", format_go_duration(std::chrono::milliseconds(meta.max_time - meta.min_time)));
    fmt::print("Total Series: {}\n", meta.stats.series);
    if (!args_.match.empty()) fmt::print("Matcher: {}\n", args_.match);
    fmt::print("Label names: {}\n", values_.size());
    if (!args_.match.empty()) fmt::print("Matched series: {}\n", refs_.size());
    fmt::print("Postings (unique label pairs): {}\n", uncovered_by_pair_.size());
    fmt::print("Postings entries (total label pairs): {}\n", entries_);
  }

  /// Series that would have been enough if each were there all the time.
  Numbers churn(const Numbers& uncovered) const {
    const block::Meta& meta = block_.meta();
    const auto length = static_cast<double>(std::max<Timestamp>(meta.max_time - meta.min_time, 1));
    Numbers churned;
    for (const auto& [name, time] : uncovered) {
      churned[name] = static_cast<std::uint64_t>(static_cast<double>(time) / length);
    }
    return churned;
  }

  void print_lists() const {
    Numbers lengths, cardinalities;
    for (const auto& [name, values] : values_) {
      for (const std::string& value : values) lengths[name] += value.size();
      cardinalities[name] = values.size();
    }
    print_top("Label pairs most involved in churning", churn(uncovered_by_pair_), args_.limit);
    print_top("Label names most involved in churning", churn(uncovered_by_name_), args_.limit);
    print_top("Most common label pairs", series_by_pair_, args_.limit);
    print_top("Label names with highest cumulative label value length", lengths, args_.limit);
    print_top("Highest cardinality labels", cardinalities, args_.limit);
    print_top("Highest cardinality metric names", series_by_metric_, args_.limit);
  }

  const block::Block& block_;
  const TsdbAnalyzeArgs& args_;
  std::vector<block::SeriesRef> refs_;
  Numbers uncovered_by_name_, uncovered_by_pair_;  // milliseconds
  Numbers series_by_pair_, series_by_metric_;
  std::map<std::string, std::set<std::string>> values_;
  std::uint64_t entries_ = 0;
};

}  // namespace

int tsdb_analyze(const TsdbAnalyzeArgs& args) {
  Result<void> done;
  if (const auto block = open_block(args.path, args.block)) {
    done = Analysis(**block, args).run();
  } else {
    done = fail(block.error());
  }
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 1;
}

}  // namespace tocsin::ctl
