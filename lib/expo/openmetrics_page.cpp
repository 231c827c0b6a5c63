// OpenMetrics 1.0.0 of rendered pages. Source: the specification; prometheus/common expfmt/openmetrics_create.go.

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "expo/escape.hpp"
#include "expo/exposition.hpp"
#include "expo/lines.hpp"

namespace tocsin::expo {
namespace {

bool has_bounds(model::MetricType type) {
  return type == model::MetricType::kHistogram || type == model::MetricType::kGaugeHistogram ||
         type == model::MetricType::kSummary;
}

/// Where the number of the last label begins and ends, if that is le or quantile.
std::pair<std::size_t, std::size_t> bound_of(std::string_view head) {
  if (!head.ends_with("\"} ")) return {0, 0};
  const std::size_t end = head.size() - 3;
  const std::size_t begin = head.rfind('"', end - 1) + 1;
  for (const std::string_view name : {kLe, kQuantile}) {
    if (begin < name.size() + 3 || head.substr(begin - 2 - name.size(), name.size()) != name) continue;
    const char before = head[begin - 3 - name.size()];
    if (head[begin - 2] == '=' && (before == ',' || before == '{')) return {begin, end};
  }
  return {0, 0};
}

/// Bounds are floats: "1" is written "1.0".
void append_with_bound(std::string& out, std::string_view head) {
  const auto [begin, end] = bound_of(head);
  const std::string_view number = head.substr(begin, end - begin);
  if (number.empty() || number.find_first_of(".eIN") != std::string_view::npos) {
    out += head;
    return;
  }
  out += head.substr(0, end);
  out += ".0";
  out += head.substr(end);
}

/// Seconds of milliseconds.
void append_seconds(std::string& out, Timestamp t) {
  const bool negative = t < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(t) : static_cast<std::uint64_t>(t);
  if (negative) out += '-';
  out += std::to_string(size / 1000);
  if (size % 1000 != 0) out += fmt::format(".{:03}", size % 1000);
}

void append_exemplar(std::string& out, const Exemplar& exemplar) {
  out += " # {";
  bool first = true;
  for (const auto& [name, value] : exemplar.labels) {
    if (!std::exchange(first, false)) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  out += "} ";
  append_float_expo(out, exemplar.value);
  if (!exemplar.timestamp) return;
  out += ' ';
  append_seconds(out, *exemplar.timestamp);
}

class FamilyLines {
 public:
  FamilyLines(std::string& out, const MergedFamily& merged, EscapingScheme escaping)
      : out_(out), merged_(merged), escaping_(escaping), note_(merged.family->notes.begin()) {}

  /// @param bare  the lines can have neither exemplars nor creation times.
  void append(bool bare) {
    std::size_t end = merged_.family->lines_begin;
    for (std::string_view rest = merged_.lines(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      end += line.size();
      append_line(line, end, bare);
      ++end;
    }
  }

 private:
  void append_line(std::string_view line, std::size_t end, bool bare) {
    std::string_view head = line.substr(0, head_size(line));
    std::string_view rest = line.substr(head.size());
    std::string escaped;
    if (needs_escapes(*merged_.family, escaping_)) head = escaped = escaped_head(head, escaping_);
    if (has_bounds(merged_.info().type)) {
      append_with_bound(out_, head);
    } else {
      out_ += head;
    }
    const std::size_t blank = rest.find(' ');
    out_ += rest.substr(0, blank);
    if (blank != std::string_view::npos) {
      Timestamp t = 0;
      std::from_chars(rest.data() + blank + 1, rest.data() + rest.size(), t);
      out_ += ' ';
      append_seconds(out_, t);
    }
    std::optional<Timestamp> created;
    for (; note_ != merged_.family->notes.end() && note_->line_end <= end; ++note_) {
      if (note_->exemplar && !bare) append_exemplar(out_, *note_->exemplar);
      if (note_->created) created = note_->created;
    }
    out_ += '\n';
    if (created && !bare) append_created(head, *created);
  }

  /// The line `foo_created{...}`; `head` is that of foo_total or foo_count.
  void append_created(std::string_view head, Timestamp created) {
    const std::size_t size = head.starts_with("{\"") ? head.find('"', 2) : head.find_first_of("{ ");
    const std::size_t suffix = std::string_view("_total").size();
    out_ += head.substr(0, size - suffix);
    out_ += "_created";
    out_ += head.substr(size);
    append_seconds(out_, created);
    out_ += '\n';
  }

  std::string& out_;
  const MergedFamily& merged_;
  EscapingScheme escaping_;
  std::vector<RenderedPage::Note>::const_iterator note_;
};

/// Whether a family's samples can have what only these types have.
bool is_bare(const FamilyInfo& info) {
  if (info.type == model::MetricType::kCounter) return info.openmetrics_name.size() == info.name.size();
  return !has_bounds(info.type);
}

/// Whether another family has the name that this one would have without its suffix.
bool name_is_taken(std::span<const MergedFamily> families, const FamilyInfo& info) {
  if (info.openmetrics_name.size() == info.name.size()) return false;
  const auto at =
      std::ranges::lower_bound(families, info.openmetrics_name, {},
                               [](const MergedFamily& other) -> const std::string& { return other.info().name; });
  return at != families.end() && at->info().name == info.openmetrics_name;
}

}  // namespace

void append_openmetrics(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping) {
  const FamilyInfo* first = nullptr;
  bool is_unknown = false;
  for (const MergedFamily& merged : families) {
    const RenderedPage::Family& family = *merged.family;
    const bool escape = needs_escapes(family, escaping);
    if (first == nullptr || first->name != merged.info().name) {
      first = family.info.get();
      is_unknown = name_is_taken(families, *first);
      if (is_unknown) {
        append_openmetrics_header(out, escape_name(first->name, escaping), first->help, "unknown", {});
      } else if (escape) {
        const auto escaped = make_family_info(escape_name(first->name, escaping), first->help, first->type);
        out += escaped->openmetrics_header;
      } else {
        out += first->openmetrics_header;
      }
    }
    if (escape || has_bounds(merged.info().type) || family.has_timestamps || !family.notes.empty()) {
      FamilyLines(out, merged, escaping).append(is_unknown || is_bare(*first));
    } else {
      out += merged.lines();
    }
  }
  out += "# EOF\n";
}

}  // namespace tocsin::expo
