#pragma once
// Pages of text 0.0.4 that somebody else has written, on their way onto a page of ours: files of batch jobs, the
// endpoint of a broker.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "expo/writer.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::exporters {

/// The families of several texts. Thread: one at a time.
class TextPage {
 public:
  enum class Timestamps { kRefused, kIgnored };
  explicit TextPage(Timestamps timestamps) : timestamps_(timestamps) {}

  /// Adds what one text says; on an error nothing of it. The type and help of the first text that has a family stand.
  /// kInvalid with the line for a text that is no page.
  /// @param origin  of the text: a file's path; stands for a help that nobody gives.
  Result<void> add(std::string_view text, const std::string& origin);
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
  struct Family {
    model::MetricType type = model::MetricType::kUnknown;
    std::string help;
    std::set<std::string> origins;
    std::vector<Line> lines;
    std::map<model::Labels, Compound> compounds;  // by labels without le and quantile
  };
  using Families = std::map<std::string, Family, std::less<>>;

  static std::string_view family_name(const Families& families, std::string_view name);
  static void add_compound(Family& family, std::string_view suffix, const model::Labels& labels, double value);
  void merge(Families mine, const std::string& origin);

  const Timestamps timestamps_;
  Families families_;
};

}  // namespace tocsin::exporters
