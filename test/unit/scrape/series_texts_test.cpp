#include "scrape/series_texts.hpp"

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "base/rng.hpp"

using namespace tocsin;
using scrape::SeriesTexts;
using scrape::TextIndex;

namespace {

std::vector<std::string> texts_of(const SeriesTexts& texts) {
  std::vector<std::string> out;
  std::string text;
  for (auto cursor = texts.begin(); !cursor.done(); cursor.next()) {
    text.resize(cursor.shared());
    text += cursor.rest();
    out.push_back(text);
  }
  return out;
}

std::vector<std::string> some_texts(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "metric_" + std::to_string(rng.next() % 5) + "{label=\"";
    text += std::string(rng.next() % 300, static_cast<char>('a' + rng.next() % 3));
    out.push_back(text + "\"}");
  }
  return out;
}

}  // namespace

TEST_CASE("series texts come back as they were pushed, in order and by index") {
  const auto texts = some_texts(200, 1);
  SeriesTexts packed;
  for (const auto& text : texts) packed.push(text);
  packed.shrink();
  CHECK(packed.size() == 200);
  CHECK(texts_of(packed) == texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string text;
    auto cursor = packed.seek(i, text);
    CHECK(text == texts[i]);
    CHECK(cursor.index() == i);
    cursor.next();
    CHECK(cursor.done() == (i + 1 == texts.size()));
  }
  std::string text = "x";
  CHECK(packed.seek(200, text).done());
  CHECK(text.empty());
}

TEST_CASE("no texts is a list like others") {
  SeriesTexts none;
  CHECK(none.begin().done());
  SeriesTexts copy;
  copy.push("a");
  copy.assign_before(none.begin());
  CHECK(copy.size() == 0);
  copy.push("b");
  CHECK(texts_of(copy) == std::vector<std::string>{"b"});
}

TEST_CASE("what comes before a place can be copied and gone on with") {
  const auto texts = some_texts(70, 2);
  SeriesTexts packed;
  for (const auto& text : texts) packed.push(text);
  for (std::size_t cut = 0; cut <= texts.size(); ++cut) {
    SeriesTexts copy;
    copy.push("something else");
    std::string text;
    copy.assign_before(packed.seek(cut, text));
    auto want = std::vector<std::string>(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(cut));
    for (int i = 0; i < 20; ++i) {
      want.push_back("metric_" + std::to_string(i));
      copy.push(want.back());
    }
    CHECK(texts_of(copy) == want);
  }
}

TEST_CASE("an index finds what was added, tells apart what has the same hash, and grows") {
  TextIndex index(0);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.push_back("text " + std::to_string(i));
  for (std::uint32_t i = 0; i < 500; ++i) index.add(xxhash64(texts[i]), i);
  for (std::uint32_t i = 0; i < 500; ++i) {
    CHECK(index.find(xxhash64(texts[i]), [i](std::uint32_t value) { return value == i; }) == i);
  }
  CHECK(index.find(xxhash64("none"), [](std::uint32_t) { return true; }) == TextIndex::kNone);
  index.add(7, 1000);
  index.add(7, 1001);
  CHECK(index.find(7, [](std::uint32_t value) { return value == 1001; }) == 1001);
  CHECK(index.find(7, [](std::uint32_t) { return true; }) == 1000);
  CHECK(index.find(7, [](std::uint32_t) { return false; }) == TextIndex::kNone);
}
