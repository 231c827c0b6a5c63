#pragma once
// What a page was in one round: its text, and what other formats need beside it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

/// Of a family, the same in all rounds.
struct FamilyInfo {
  std::string name, help;
  model::MetricType type = model::MetricType::kUnknown;
  std::string header;              // of text 0.0.4
  std::string_view unit;           // that the name ends with, before _total: "seconds"; "" if it is none we know
  std::string openmetrics_name;    // without the _total of counters and the _info of infos
  std::string openmetrics_header;  // HELP, TYPE and UNIT by that name
};

std::shared_ptr<const FamilyInfo> make_family_info(std::string name, std::string help, model::MetricType type);
/// HELP, TYPE and UNIT of OpenMetrics. `type` is its word.
void append_openmetrics_header(std::string& out, std::string_view name, std::string_view help, std::string_view type,
                               std::string_view unit);

/// One observation, as an example of those that a counter or a bucket counts.
struct Exemplar {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  std::optional<Timestamp> timestamp;
};

/// The text of a page, and where its families stand in it. Immutable once shared between threads.
struct RenderedPage {
  /// What a line or a series has that text 0.0.4 cannot say.
  struct Note {
    std::size_t line_end = 0;  // where the line's newline stands: that of the exemplar, or the last one of the series
    std::shared_ptr<const Exemplar> exemplar;
    std::optional<Timestamp> created;
  };
  struct Family {
    std::shared_ptr<const FamilyInfo> info;
    std::size_t begin = 0, lines_begin = 0, end = 0;  // header, lines, end in `text`
    bool quoted = false;                              // names beyond [a-zA-Z_:][a-zA-Z0-9_:]* may be in it
    bool has_timestamps = false;
    std::vector<Note> notes;  // in order of lines
  };
  std::string text;
  std::vector<Family> families;  // by name
};

/// A family of one of several pages.
struct MergedFamily {
  const RenderedPage::Family* family;
  const RenderedPage* page;

  const FamilyInfo& info() const { return *family->info; }
  std::string_view lines() const {
    return std::string_view(page->text).substr(family->lines_begin, family->end - family->lines_begin);
  }
};

/// The order in which pages are merged. Kept between scrapes it costs nothing as long as their families stay. Thread:
/// one at a time.
class MergeOrder {
 public:
  /// All families of the pages in order of names, then of pages. What stands first of a name tells its help and type.
  /// Valid until the next call.
  std::span<const MergedFamily> merge(std::span<const RenderedPage* const> pages);

 private:
  void learn(std::span<const MergedFamily> families);
  std::vector<std::shared_ptr<const FamilyInfo>> known_;  // of the last pages, in their order
  std::vector<std::uint32_t> order_;
  std::vector<MergedFamily> all_, merged_;  // in the order of pages, and of names
};

}  // namespace tocsin::expo
