#include "net/multipart_form.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/strings.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kMaxParts = 1000;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046
constexpr std::string_view kBlanks = " \t";

std::string_view without_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

/// A token, or a string in quotes with escapes; takes it off `text`. Nothing if the quotes do not end.
std::optional<std::string> take_value(std::string_view& text) {
  std::string out;
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find_first_of("; \t"), text.size());
    out = text.substr(0, end);
    text.remove_prefix(end);
    return out;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    // Browsers write a path's backslashes as they are: only what must be escaped is.
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    out += text[i];
  }
  return std::nullopt;
}

/// The parameter of "form-data; name=value; other=\"value\"", if it is there and the field is well-formed.
std::optional<std::string> parameter(std::string_view field, std::string_view name) {
  std::optional<std::string> found;
  field.remove_prefix(std::min(field.find(';'), field.size()));
  while (!(field = without_blanks(field)).empty()) {
    if (!field.starts_with(';')) return std::nullopt;
    field = without_blanks(field.substr(1));
    if (field.empty()) break;
    const std::size_t equal = field.find('=');
    if (equal == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(field.substr(0, equal));
    field = without_blanks(field.substr(equal + 1));
    auto value = take_value(field);
    if (!value) return std::nullopt;
    if (!found && equal_ignoring_case(key, name)) found = std::move(value);
  }
  return found;
}

std::string_view media_type(std::string_view field) {
  return trim(field.substr(0, field.find(';')));
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

class FormReader {
 public:
  FormReader(std::string_view boundary, std::string_view body) : dashes_("--" + std::string(boundary)), rest_(body) {}

  /// False if the form is broken.
  bool read(Pairs& out) {
    if (!to_first_part()) return false;
    for (std::size_t parts = 0; !at_end_; ++parts) {
      if (parts == kMaxParts || !read_part(out)) return false;
    }
    return true;
  }

 private:
  /// The line without its end; false at the end of the body.
  bool take_line(std::string_view& line) {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return false;
    line = rest_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  /// What stands behind the dashes and the boundary: the end of a line, or of the form.
  bool take_delimiter() {
    std::string_view after = rest_.substr(dashes_.size());
    if (after.starts_with("--")) {
      const std::string_view line = without_blanks(after.substr(2));
      at_end_ = line.empty() || line.starts_with("\r\n") || line.starts_with('\n');
      return at_end_;
    }
    after = without_blanks(after);
    if (!after.starts_with("\r\n") && !after.starts_with('\n')) return false;
    line_end_ = after.starts_with('\n') ? "\n" : "\r\n";
    rest_ = after.substr(line_end_.size());
    return true;
  }

  bool to_first_part() {
    while (!(rest_.starts_with(dashes_) && take_delimiter())) {
      std::string_view preamble;
      if (!take_line(preamble)) return false;
    }
    return true;
  }

  bool read_part(Pairs& out) {
    std::string disposition;
    for (std::string_view line; true;) {
      if (!take_line(line)) return false;
      if (line.empty()) break;
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0) return false;
      if (equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) disposition = trim(line.substr(colon + 1));
    }
    std::string_view value;
    if (!take_value_of_part(value)) return false;
    if (!equal_ignoring_case(media_type(disposition), "form-data")) return true;
    auto name = parameter(disposition, "name");
    if (!name || name->empty() || !parameter(disposition, "filename").value_or("").empty()) return true;
    out.emplace_back(std::move(*name), value);
    return true;
  }

  bool take_value_of_part(std::string_view& value) {
    if (rest_.starts_with(dashes_) && take_delimiter()) return true;  // an empty part without a line of its own
    const std::string delimiter = std::string(line_end_) + dashes_;
    const std::string_view all = rest_;
    for (std::size_t at = all.find(delimiter); at != std::string_view::npos; at = all.find(delimiter, at + 1)) {
      rest_ = all.substr(at + line_end_.size());
      value = all.substr(0, at);
      if (take_delimiter()) return true;
    }
    return false;
  }

  const std::string dashes_;
  std::string_view rest_;
  std::string_view line_end_ = "\r\n";
  bool at_end_ = false;
};

}  // namespace

void append_multipart_pairs(std::string_view content_type, std::string_view body, Pairs& out) {
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return;
  Pairs found;
  if (!FormReader(*boundary, body).read(found)) return;
  std::ranges::move(found, std::back_inserter(out));
}

}  // namespace tocsin::net
