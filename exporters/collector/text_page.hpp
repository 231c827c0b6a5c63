#pragma once
// Pages of text 0.0.4 that somebody else has written, on their way onto a page of ours: files of batch jobs, the
// endpoint of a broker.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "expo/parser.hpp"
#include "expo/writer.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::exporters {

/// The families of several texts. Thread: one at a time.
class TextPage {
 public:
  enum class Rules {
    kTextfile,  // node_exporter's for files of batch jobs: no timestamps; a label that some lines of a family have is
                // empty on the others; a family whose help is another than in a text before is left out
    kAsItIs     // timestamps are ignored
  };
  explicit TextPage(Rules rules) : rules_(rules) {}

  /// Adds what one text says; on an error nothing of it. The type and help of the first text that has a family stand.
  /// kInvalid with the line for a text that is no page.
  /// @param origin  of the text: a file's path; stands for a help that nobody gives.
  Result<void> add(std::string_view text, const std::string& origin);
  /// The families that were left out, with the reason.
  const std::set<std::string>& conflicts() const { return conflicts_; }
  /// Lines of a text that are not of the format.
  struct Mistakes {
    std::size_t count = 0;
    std::string first;
  };
  /// Adds what can be read of a text, for writers that do not escape the names that their users choose.
  Mistakes add_readable(std::string_view text, const std::string& origin);
  bool empty() const { return families_.empty(); }
  /// Puts all of it.
  void put(expo::Page& page) const;

 private:
  /// One histogram or summary, put together from its lines.
  struct Compound {
    std::vector<expo::Bucket> buckets;
    std::vector<expo::Quantile> quantiles;
    double sum = 0, count = 0;
  };
  struct Line {
    model::Labels labels;  // without the name
    double value = 0;
  };
  /// As one text has it.
  struct Family {
    model::MetricType type = model::MetricType::kUnknown;
    std::string help;
    std::vector<Line> lines;
    std::map<model::Labels, Compound> compounds;  // by labels without le and quantile
    std::vector<std::string> label_names;         // that each of them is to have; none if they have all the same anyway
  };
  using Families = std::map<std::string, Family, std::less<>>;
  /// Of all texts.
  struct Merged {
    model::MetricType type = model::MetricType::kUnknown;
    std::string help;
    std::set<std::string> origins;
    std::vector<Family> parts;
  };

  Result<void> read(expo::Parser& parser, const expo::Row& row, Families& out);
  static std::string_view family_name(const Families& families, std::string_view name);
  static void add_compound(Family& family, std::string_view suffix, const model::Labels& labels, double value);
  static std::vector<std::string> names_to_have(const Family& family);
  void merge(Families mine, const std::string& origin);
  static void put_part(const Family& part, model::MetricType type, expo::CachedFamily& out);

  const Rules rules_;
  std::map<std::string, Merged> families_;
  std::set<std::string> conflicts_;
  std::vector<model::LabelView> views_;  // of the line that is read
};

}  // namespace tocsin::exporters
