#include "scrape/page_metadata.hpp"

#include "base/hash.hpp"

namespace tocsin::scrape {
namespace {

constexpr std::uint64_t kPagesKept = 10;
/// Memory of a family beside its texts.
constexpr std::size_t kFamilyBytes = 200;

bool is_metadata(expo::RowKind kind) {
  return kind == expo::RowKind::kHelp || kind == expo::RowKind::kType || kind == expo::RowKind::kUnit;
}

/// The help as people read it. Protobuf has no escapes.
std::string unescaped(std::string_view text, expo::PageFormat format) {
  if (format == expo::PageFormat::kProtobuf || text.find('\\') == std::string_view::npos) return std::string(text);
  return format == expo::PageFormat::kOpenMetrics ? expo::unescape_name(text) : expo::unescape_help(text);
}

std::size_t size_of(const MetricMetadata& metadata) {
  return kFamilyBytes + metadata.name.size() + metadata.help.size() + metadata.unit.size();
}

}  // namespace

void PageMetadata::see(const expo::Row& row) {
  // Keeps order and kind apart; the multiplier is FNV's prime.
  hash_ = (hash_ ^ xxhash64(row.name)) * 0x100000001b3ULL + static_cast<std::uint64_t>(row.kind);
  hash_ = (hash_ ^ xxhash64(row.text)) * 0x100000001b3ULL + 1;
}

MetadataPtr PageMetadata::end(std::string_view page, expo::PageFormat format) {
  const bool first = pages_ == 0;
  ++pages_;
  if (!first && hash_ == last_hash_) return missing_ > 0 && forget() ? publish() : nullptr;
  last_hash_ = hash_;
  read(page, format);
  return publish();
}

void PageMetadata::read(std::string_view page, expo::PageFormat format) {
  for (auto& [name, family] : families_) {
    if (family.last_page == read_page_) family.last_page = pages_ - 1;
  }
  read_page_ = pages_;
  const auto parser = expo::make_parser(format, page);
  expo::Row row;
  while (parser->next(row) != expo::RowKind::kEnd && row.kind != expo::RowKind::kError) {
    if (!is_metadata(row.kind)) continue;
    auto place = families_.find(row.name);
    if (place == families_.end()) {
      if (bytes_ + kFamilyBytes + row.name.size() > kMaxBytes) continue;
      place = families_.try_emplace(std::string(row.name)).first;
      place->second.metadata.name = row.name;
      bytes_ += kFamilyBytes + row.name.size();
    }
    Family& family = place->second;
    family.last_page = pages_;
    if (row.kind == expo::RowKind::kType) {
      family.metadata.type = row.type;
      continue;
    }
    std::string& field = row.kind == expo::RowKind::kHelp ? family.metadata.help : family.metadata.unit;
    std::string text = row.kind == expo::RowKind::kHelp ? unescaped(row.text, format) : std::string(row.text);
    if (bytes_ - field.size() + text.size() > kMaxBytes) continue;
    bytes_ = bytes_ - field.size() + text.size();
    field = std::move(text);
  }
  forget();
}

bool PageMetadata::forget() {
  missing_ = 0;
  const std::size_t before = families_.size();
  for (auto family = families_.begin(); family != families_.end();) {
    if (family->second.last_page == read_page_) {
      ++family;
    } else if (pages_ - family->second.last_page > kPagesKept) {
      bytes_ -= size_of(family->second.metadata);
      family = families_.erase(family);
    } else {
      ++missing_;
      ++family;
    }
  }
  return families_.size() != before;
}

MetadataPtr PageMetadata::publish() const {
  auto out = std::make_shared<std::vector<MetricMetadata>>();
  out->reserve(families_.size());
  for (const auto& [name, family] : families_) out->push_back(family.metadata);
  return out;
}

}  // namespace tocsin::scrape
