#include <algorithm>
#include <atomic>
#include <utility>

#include "expo/exposition.hpp"
#include "expo/page_rules.hpp"
#include "expo/writer.hpp"

namespace tocsin::expo {
namespace {

/// Memory of larger pages is not kept: it would cost more than it saves.
constexpr std::size_t kMaxSpare = 64U << 10U;

/// Appends a family of another page to the text; `to` is where it stands then.
void copy_family(const RenderedPage& page, const RenderedPage::Family& from, std::string& text,
                 RenderedPage::Family& to) {
  if (to.info != from.info) to.info = from.info;
  to.begin = text.size();
  to.lines_begin = to.begin + (from.lines_begin - from.begin);
  to.end = to.begin + (from.end - from.begin);
  to.quoted = from.quoted;
  to.has_timestamps = from.has_timestamps;
  to.notes = from.notes;
  for (RenderedPage::Note& note : to.notes) note.line_end = to.begin + (note.line_end - from.begin);
  text.append(page.text, from.begin, from.end - from.begin);
}

}  // namespace

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

/// A page to write on: one of the last but one, with its memory, if nobody else has it any more.
std::shared_ptr<RenderedPage> Page::blank() {
  if (spare_ == nullptr || spare_.use_count() != 1) return std::make_shared<RenderedPage>();
  std::atomic_thread_fence(std::memory_order_acquire);  // behind what the last reader did
  spare_->text.clear();
  return std::move(spare_);
}

std::shared_ptr<const RenderedPage> Page::share() {
  if (by_name_.size() != families_.size()) {
    by_name_.clear();
    for (auto& [name, family] : families_) by_name_.push_back(&family);
  }
  const bool changed = std::ranges::any_of(by_name_, [](const CachedFamily* family) { return family->changed_; });
  if (!changed && shared_ != nullptr) return shared_;
  std::shared_ptr<RenderedPage> page = blank();
  page->text.reserve(rules_->text_room);
  const std::size_t known = shared_ != nullptr ? shared_->families.size() : 0;
  std::size_t at = 0, count = 0;
  for (CachedFamily* const family : by_name_) {
    const bool was_there = at < known && shared_->families[at].info == family->info_;
    const RenderedPage::Family* before = was_there ? &shared_->families[at++] : nullptr;
    const bool same = !std::exchange(family->changed_, false);
    if (family->line_order_.empty()) continue;
    if (count == page->families.size()) page->families.emplace_back();
    RenderedPage::Family& now = page->families[count++];
    if (same && before != nullptr) {
      copy_family(*shared_, *before, page->text, now);
    } else {
      family->render(page->text, now);
    }
  }
  page->families.resize(count);
  rules_->text_room = page->text.size() + page->text.size() / 64 + 64;
  spare_ = std::exchange(shared_, page);
  if (spare_ != nullptr && spare_->text.capacity() > kMaxSpare) spare_.reset();
  return page;
}

std::string Page::render() const {
  std::string out;
  for (const auto& [name, family] : families_) family.render(out);
  return out;
}

void append_merged(std::string& out, std::span<const RenderedPage* const> pages) {
  MergeOrder order;
  append_text(out, order.merge(pages), EscapingScheme::kAllowUtf8);
}

}  // namespace tocsin::expo
