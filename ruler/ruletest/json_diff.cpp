#include "ruletest/json_diff.hpp"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "base/json_string.hpp"

namespace tocsin::ruletest {
namespace {

constexpr std::string_view kAdded = "\033[0;32m", kRemoved = "\033[0;31m", kChanged = "\033[0;33m", kEnd = "\033[0m";

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string coloured(std::string_view colour, std::string_view text) {
  return fmt::format("{}{}{}", colour, text, kEnd);
}

/// Writes lines of JSON; a comma goes behind each element but the last of its container.
class Writer {
 public:
  void open(std::string_view text) {
    lines_.push_back(indent() + std::string(text));
    ++depth_;
  }
  void close(std::string_view text, bool last) {
    --depth_;
    lines_.push_back(indent() + std::string(text) + (last ? "" : ","));
  }
  void member(std::string_view text, bool last) { lines_.push_back(indent() + std::string(text) + (last ? "" : ",")); }
  std::string take() const { return fmt::format("{}", fmt::join(lines_, "\n")); }

 private:
  std::string indent() const { return std::string(depth_ * 4, ' '); }
  std::vector<std::string> lines_;
  std::size_t depth_ = 0;
};

std::string pair_text(const std::string& name, const std::string& value) {
  return fmt::format("{}: {}", json_string(name), json_string(value));
}

std::string diff_text(const std::string& name, const std::string* expected, const std::string* found) {
  if (expected == nullptr) return coloured(kAdded, pair_text(name, *found));
  if (found == nullptr) return coloured(kRemoved, pair_text(name, *expected));
  if (*expected == *found) return pair_text(name, *found);
  return fmt::format("{}: {}", json_string(name),
                     coloured(kChanged, json_string(*expected) + " => " + json_string(*found)));
}

const std::string* find(const LabelTexts& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? nullptr : &found->second;
}

void write_texts(Writer& writer, std::string_view key, const LabelTexts& expected, const LabelTexts& found, bool last) {
  std::set<std::string> names;
  for (const LabelTexts* texts : {&expected, &found}) {
    for (const auto& [name, value] : *texts) names.insert(name);
  }
  writer.open(fmt::format("\"{}\": {{", key));
  for (const std::string& name : names) {
    writer.member(diff_text(name, find(expected, name), find(found, name)), name == *names.rbegin());
  }
  writer.close("}", last);
}

}  // namespace

std::string diff_alerts(const std::vector<AlertTexts>& expected, const std::vector<AlertTexts>& found) {
  static const AlertTexts kNone;
  const std::size_t count = std::max(expected.size(), found.size());
  Writer writer;
  writer.open("[");
  for (std::size_t i = 0; i < count; ++i) {
    const AlertTexts& wanted = i < expected.size() ? expected[i] : kNone;
    const AlertTexts& got = i < found.size() ? found[i] : kNone;
    writer.open("{");
    write_texts(writer, "Labels", wanted.labels, got.labels, false);
    write_texts(writer, "Annotations", wanted.annotations, got.annotations, true);
    writer.close("}", i + 1 == count);
  }
  writer.close("]", true);
  return writer.take();
}

}  // namespace tocsin::ruletest
