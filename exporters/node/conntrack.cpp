// Connection tracking: entries and their limit, and what /proc/net/stat/nf_conntrack counts, summed over the CPUs.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Column {
  std::string_view name, help;
};
constexpr Column kColumns[] = {
    {"found", "Number of searched entries which were successful."},
    {"invalid", "Number of packets seen which can not be tracked."},
    {"ignore", "Number of packets seen which are already connected to a conntrack entry."},
    {"insert", "Number of entries inserted into the list."},
    {"insert_failed", "Number of entries for which list insertion was attempted but failed."},
    {"drop", "Number of packets dropped due to conntrack failure."},
    {"early_drop", "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached."},
    {"search_restart", "Number of conntrack table lookups which had to be restarted due to hashtable resizes."},
};

class Conntrack final : public Collector {
 public:
  explicit Conntrack(const NodeContext& context)
      : entries_(context.fs, context.proc("sys/net/netfilter/nf_conntrack_count"), Pieces::kOne),
        limit_(context.fs, context.proc("sys/net/netfilter/nf_conntrack_max"), Pieces::kOne),
        stat_(context.fs, context.proc("net/stat/nf_conntrack")) {}
  std::string_view name() const override { return "conntrack"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const double entries, or_no_data(entries_.read_number()));
    page.family("node_nf_conntrack_entries", "Number of currently allocated flow entries for connection tracking.",
                model::MetricType::kGauge)
        .put(entries);
    TOCSIN_TRY(const double limit, or_no_data(limit_.read_number()));
    page.family("node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.",
                model::MetricType::kGauge)
        .put(limit);
    return put_statistics(page);
  }

 private:
  /// A line of names, then a line of hexadecimal numbers for each CPU.
  Result<void> put_statistics(expo::Page& page) {
    TOCSIN_TRY(std::string_view text, or_no_data(stat_.read()));
    const std::string_view names = take_line(text);
    std::vector<std::uint64_t> sums;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      std::size_t column = 0;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line), ++column) {
        std::uint64_t value = 0;
        if (!to_hex_number(word, value)) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", stat_.path(), word);
        if (sums.size() <= column) sums.resize(column + 1);
        sums[column] += value;
      }
    }
    std::string_view rest = names;
    std::size_t column = 0;
    for (std::string_view name = next_word(rest); !name.empty(); name = next_word(rest), ++column) {
      // "icmp_error  expect_new": the names of newer kernels differ, the places of those below do not.
      const auto known =
          std::find_if(std::begin(kColumns), std::end(kColumns), [&](const Column& c) { return c.name == name; });
      if (known == std::end(kColumns) || column >= sums.size()) continue;
      const auto make = [&](std::string_view key) {
        return &page.family(fmt::format("node_nf_conntrack_stat_{}", key), known->help, model::MetricType::kGauge);
      };
      families_.at(column, name, make)->put(static_cast<double>(sums[column]));
    }
    return {};
  }

  SourceFile entries_, limit_, stat_;
  FieldFamilies families_;
};

}  // namespace

MadeCollector make_conntrack(const NodeContext& context) {
  return std::make_unique<Conntrack>(context);
}

}  // namespace tocsin::exporters::node
