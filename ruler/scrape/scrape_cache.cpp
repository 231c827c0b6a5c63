#include "scrape/scrape_cache.hpp"

namespace tocsin::scrape {

void ScrapeCache::retire() {
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (is_tracked(i)) orphans.push_back(refs[i]);
  }
  texts = {};
  refs.clear();
  flags.clear();
}

void ScrapeCache::shrink() {
  texts.shrink();
  refs.shrink_to_fit();
  flags.shrink_to_fit();
}

std::size_t ScrapeCache::memory_bytes() const {
  return texts.memory_bytes() + flags.capacity() + (refs.capacity() + orphans.capacity()) * sizeof(storage::SeriesRef);
}

}  // namespace tocsin::scrape
