#include <algorithm>
#include <utility>

#include "expo/exposition.hpp"
#include "expo/page_rules.hpp"
#include "expo/writer.hpp"

namespace tocsin::expo {

Page::Page() : rules_(std::make_unique<PageRules>()) {}
Page::~Page() = default;
Page::Page(Page&&) noexcept = default;
Page& Page::operator=(Page&&) noexcept = default;

void Page::set_constant_labels(std::span<const model::LabelView> labels) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& label : labels) sorted.emplace_back(label.name, label.value);
  std::sort(sorted.begin(), sorted.end());
  if (sorted == rules_->constant_labels) return;
  rules_->constant_labels = std::move(sorted);
  for (auto& [name, family] : families_) family.forget();
}

void Page::limit_series(std::size_t lines) {
  rules_->limit = lines;
}

CachedFamily& Page::family(std::string_view name, std::string_view help, model::MetricType type) {
  if (CachedFamily* expected = rules_->expected(name)) return *expected;
  auto found = families_.find(name);
  if (found == families_.end()) {
    if (rules_->limit != 0 && families_.size() >= rules_->limit) {
      if (surplus_ == nullptr) {
        surplus_ = std::make_unique<CachedFamily>("", "", model::MetricType::kUnknown, rules_.get());
        surplus_->close();
      }
      return *surplus_;
    }
    found = families_.try_emplace(std::string(name), std::string(name), std::string(help), type, rules_.get()).first;
    rules_->families.push_back(&found->second);
  }
  rules_->expect_behind(found->second);
  return found->second;
}

void Page::begin() {
  rules_->new_lines = 0;
  rules_->next_family = 0;
  for (CachedFamily* const family : rules_->families) family->begin();
  if (surplus_ != nullptr) surplus_->begin();
}

void Page::end() {
  if (rules_->limit != 0) rules_->cut();
  dropped_ = surplus_ != nullptr ? surplus_->other_.folded_lines : 0;
  for (CachedFamily* const family : rules_->families) {
    family->end();
    dropped_ += family->other_.folded_lines;
  }
}

void Page::render(RenderedPage& out) const {
  out.text.clear();
  out.families.clear();
  out.text.reserve(rules_->text_room);
  out.families.reserve(rules_->families.size());
  for (const auto& [name, family] : families_) family.render(out);
  rules_->text_room = out.text.size() + out.text.size() / 64 + 64;
}

std::string Page::render() const {
  std::string out;
  for (const auto& [name, family] : families_) family.render(out);
  return out;
}

void append_merged(std::string& out, std::span<const RenderedPage* const> pages) {
  append_text(out, MergeOrder().merge(pages), EscapingScheme::kAllowUtf8);
}

}  // namespace tocsin::expo
