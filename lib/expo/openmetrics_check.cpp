#include "expo/openmetrics_check.hpp"

#include <set>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "expo/openmetrics_family.hpp"
#include "expo/openmetrics_line.hpp"

namespace tocsin::expo {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kEof = "# EOF";

class Checker {
 public:
  std::optional<Violation> check(std::string_view page) {
    if (page.starts_with(kByteOrderMark))
      return Violation{1, 1, "Overall Structure: a byte order mark must not be used"};
    while (!page.empty()) {
      ++line_;
      const std::size_t size = page.find('\n');
      const std::string_view line = page.substr(0, size);
      const bool ended = size != std::string_view::npos;
      page.remove_prefix(ended ? size + 1 : page.size());
      if (line == kEof) return end(page);
      if (auto found = check_line(line, ended)) return found;
      last_line_ = line_;
    }
    ++line_;
    return at(1, "Overall Structure: the page must end with \"# EOF\"");
  }

 private:
  Violation at(std::size_t column, std::string message) const { return {line_, column, std::move(message)}; }
  Violation at(LineError error) const { return at(error.column, std::move(error.message)); }

  std::optional<Violation> end(std::string_view rest) {
    if (auto error = end_family()) return error;
    if (rest.empty()) return std::nullopt;
    ++line_;
    return at(1, "Overall Structure: nothing may follow \"# EOF\"");
  }

  std::optional<Violation> check_line(std::string_view line, bool ended) {
    if (line.empty()) return at(1, "ABNF: blank lines are not allowed");
    for (std::size_t i = 0; i < line.size();) {
      const Rune rune = decode_utf8(line.substr(i));
      if (!rune.valid) return at(i + 1, "Overall Structure: not UTF-8");
      i += rune.size;
    }
    if (line.front() == '#' && line.starts_with(kEof)) {
      return at(kEof.size() + 1, "Overall Structure: nothing may follow \"# EOF\"");
    }
    if (auto found = line.front() == '#' ? check_metadata(line) : check_sample(line)) return found;
    if (!ended) return at(line.size() + 1, "ABNF: the line has no newline");
    return std::nullopt;
  }

  std::optional<Violation> check_metadata(std::string_view line) {
    const auto metadata = read_strict_metadata(line);
    if (!metadata) return at(metadata.error());
    if (!family_ || family_->name() != metadata->name) {
      if (auto found = begin_family(metadata->name)) return found;
    }
    if (auto error = family_->add(*metadata)) return at(std::move(*error));
    return std::nullopt;
  }

  std::optional<Violation> check_sample(std::string_view line) {
    const auto sample = read_strict_sample(line);
    if (!sample) return at(sample.error());
    if (!family_ || !family_->owns(sample->name)) {
      if (auto found = begin_family(sample->name)) return found;
    }
    if (auto error = family_->add(*sample)) return at(std::move(*error));
    return std::nullopt;
  }

  std::optional<Violation> begin_family(std::string_view name) {
    if (auto found = end_family()) return found;
    if (name.starts_with('_')) {
      return at(1, fmt::format("MetricFamily: names that begin with an underscore are reserved: {}", name));
    }
    if (names_.contains(std::string(name))) {
      return at(1,
                fmt::format("MetricFamily: {} is, or may be, a sample of a family that came before: families must be "
                            "unique and not interleaved, and names must not clash",
                            name));
    }
    family_.emplace(std::string(name));
    return std::nullopt;
  }

  /// What is wrong with a family as a whole is told of its last line.
  std::optional<Violation> end_family() {
    if (!family_) return std::nullopt;
    if (auto error = family_->end()) return Violation{last_line_, error->column, std::move(error->message)};
    std::set<std::string> names{family_->name()};
    for (const std::string_view suffix : sample_suffixes(family_->type()))
      names.insert(family_->name() + std::string(suffix));
    for (const std::string& name : names) {
      if (names_.insert(name).second) continue;
      return Violation{last_line_, 1,
                       fmt::format("MetricFamily: {} of the {} {} clashes with a family that came before", name,
                                   model::metric_type_text(family_->type()), family_->name())};
    }
    family_.reset();
    return std::nullopt;
  }

  std::size_t line_ = 0, last_line_ = 0;
  std::optional<StrictFamily> family_;
  std::set<std::string> names_;  // of samples that the families so far have or may have
};

}  // namespace

std::optional<Violation> check_openmetrics(std::string_view page) {
  return Checker().check(page);
}

}  // namespace tocsin::expo
