#include <algorithm>
#include <tuple>
#include <utility>

#include "expo/writer.hpp"

namespace tocsin::expo {

CachedFamily& Page::family(std::string_view name, std::string_view help, model::MetricType type) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.try_emplace(std::string(name), std::string(name), std::string(help), type).first;
  }
  return found->second;
}

void Page::begin() {
  for (auto& [name, family] : families_) family.begin();
}

void Page::end() {
  for (auto& [name, family] : families_) family.end();
}

void Page::render(RenderedPage& out) const {
  out.text.clear();
  out.families.clear();
  for (const auto& [name, family] : families_) {
    if (family.size() == 0) continue;
    RenderedPage::Family place{name, out.text.size(), 0, 0};
    out.text += family.header();
    place.lines_begin = out.text.size();
    family.render_lines(out.text);
    place.end = out.text.size();
    out.families.push_back(std::move(place));
  }
}

std::string Page::render() const {
  std::string out;
  for (const auto& [name, family] : families_) family.render(out);
  return out;
}

void append_merged(std::string& out, std::span<const RenderedPage* const> pages) {
  struct Place {
    const RenderedPage::Family* family;
    std::size_t page;
  };
  std::vector<Place> places;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    bytes += pages[i]->text.size();
    for (const auto& family : pages[i]->families) places.push_back({&family, i});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.family->name, a.page) < std::tie(b.family->name, b.page);
  });
  out.reserve(out.size() + bytes);
  std::string_view last;
  for (const auto& [family, page] : places) {
    const std::size_t begin = family->name == last ? family->lines_begin : family->begin;
    out.append(pages[page]->text, begin, family->end - begin);
    last = family->name;
  }
}

}  // namespace tocsin::expo
