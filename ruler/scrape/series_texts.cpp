#include "scrape/series_texts.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "expo/bytes.hpp"

namespace tocsin::scrape {
namespace {

void append_varint(std::string& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7fU) | 0x80U);
  out += static_cast<char>(value);
}

std::size_t read_varint(const char*& at) {
  auto byte = static_cast<unsigned char>(*at++);
  if (byte < 0x80) [[likely]] {
    return byte;
  }
  std::size_t value = byte & 0x7fU;
  for (unsigned shift = 7; byte >= 0x80; shift += 7) {
    byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::size_t>(byte & 0x7fU) << shift;
  }
  return value;
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t i = 0;
  for (; i + 8 <= limit; i += 8) {
    const std::uint64_t differs = expo::load64(a.data() + i) ^ expo::load64(b.data() + i);
    if (differs != 0) return i + static_cast<std::size_t>(std::countr_zero(differs)) / 8;
  }
  while (i < limit && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

void SeriesTexts::Cursor::load() {
  if (done()) {
    rest_ = {};
    shared_ = 0;
    return;
  }
  const char* at = at_;
  shared_ = read_varint(at);
  const std::size_t size = read_varint(at);
  rest_ = {at, size};
}

void SeriesTexts::Cursor::next() {
  at_ = rest_.data() + rest_.size();
  ++index_;
  load();
}

SeriesTexts::Cursor SeriesTexts::seek(std::size_t index, std::string& text) const {
  text.clear();
  if (index >= count_) return {this, count_, bytes_.data() + bytes_.size()};
  Cursor cursor(this, index / kRestart * kRestart, bytes_.data() + restarts_[index / kRestart]);
  while (true) {
    text.resize(cursor.shared());
    text += cursor.rest();
    if (cursor.index() == index) return cursor;
    cursor.next();
  }
}

void SeriesTexts::push(std::string_view text) {
  std::size_t shared = 0;
  if (count_ % kRestart == 0) {
    check(bytes_.size() <= 0xffffffffU, "BUG: the series texts of one page are longer than 4 GiB");
    restarts_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  } else {
    shared = shared_prefix(last_, text);
  }
  append_varint(bytes_, shared);
  append_varint(bytes_, text.size() - shared);
  bytes_ += text.substr(shared);
  last_ = text;
  ++count_;
}

void SeriesTexts::assign_before(const Cursor& end) {
  const SeriesTexts& from = *end.texts_;
  count_ = end.index_;
  bytes_.assign(from.bytes_.data(), static_cast<std::size_t>(end.at_ - from.bytes_.data()));
  const std::size_t restarts = (count_ + kRestart - 1) / kRestart;
  restarts_.assign(from.restarts_.begin(), from.restarts_.begin() + static_cast<std::ptrdiff_t>(restarts));
  last_.clear();
  if (count_ > 0) from.seek(count_ - 1, last_);
}

void SeriesTexts::shrink() {
  bytes_.shrink_to_fit();
  restarts_.shrink_to_fit();
  last_ = {};
}

TextIndex::TextIndex(std::size_t expected)
    : slots_(std::bit_ceil(std::max<std::size_t>(expected * 2, 16))), mask_(slots_.size() - 1) {}

void TextIndex::place(const Slot& slot, std::uint64_t hash) {
  std::size_t at = hash & mask_;
  while (slots_[at].value != kNone) at = (at + 1) & mask_;
  slots_[at] = slot;
}

void TextIndex::add(std::uint64_t hash, std::uint32_t value) {
  hashes_.push_back(hash);
  values_.push_back(value);
  if (hashes_.size() * 2 <= slots_.size()) {
    place({tag(hash), value}, hash);
    return;
  }
  slots_.assign(slots_.size() * 2, {});
  mask_ = slots_.size() - 1;
  for (std::size_t i = 0; i < hashes_.size(); ++i) place({tag(hashes_[i]), values_[i]}, hashes_[i]);
}

}  // namespace tocsin::scrape
