#include "model/labels.hpp"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "base/rng.hpp"

using namespace tocsin;
using namespace tocsin::model;

namespace {

/// The slow and obvious twin.
using Twin = std::map<std::string, std::string>;

Labels labels_of(const Twin& twin) {
  std::vector<LabelView> views;
  for (const auto& [name, value] : twin) views.push_back({name, value});
  return Labels::from(views);
}

std::string random_text(Rng& rng, std::size_t longest) {
  std::string text;
  const std::size_t size = rng.next() % 20 == 0 ? 250 + rng.next() % 10 : rng.next() % longest;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + rng.next() % 4);
  return text;
}

Twin random_twin(Rng& rng) {
  Twin twin;
  for (std::uint64_t n = rng.next() % 6; n > 0; --n) {
    std::string name = random_text(rng, 4);
    std::string value = random_text(rng, 4);
    if (!name.empty() && !value.empty()) twin[std::move(name)] = std::move(value);
  }
  return twin;
}

}  // namespace

TEST_CASE("labels are sorted, unique and without empty values") {
  const Labels labels{{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}};
  CHECK(labels.size() == 2);
  CHECK(labels.to_string() == R"({a="1", b="3"})");
  CHECK(labels.get("b") == "3");
  CHECK(labels.get("c").empty());
  CHECK(labels.has("a"));
  CHECK_FALSE(labels.has("c"));
  CHECK_FALSE(labels.has(""));
  CHECK(Labels{{"a", "1"}, {"a", ""}}.empty());
  CHECK(Labels().size() == 0);
  CHECK(Labels().begin() == Labels().end());
}

TEST_CASE("labels behave as a map does") {
  Rng rng(11);
  for (int round = 0; round < 2000; ++round) {
    const Twin a = random_twin(rng);
    const Twin b = random_twin(rng);
    const Labels la = labels_of(a);
    const Labels lb = labels_of(b);
    REQUIRE(la.size() == a.size());
    Twin back;
    for (const LabelView& label : la) back.emplace(label.name, label.value);
    REQUIRE(back == a);
    for (const auto& [name, value] : a) REQUIRE(la.get(name) == value);
    for (const auto& [name, value] : b) REQUIRE(la.has(name) == a.contains(name));
    REQUIRE((la == lb) == (a == b));
    REQUIRE((la < lb) == (a < b));
    REQUIRE((la <=> la) == std::strong_ordering::equal);

    std::vector<std::string> names;
    for (const auto& [name, value] : b) names.push_back(name);
    Twin kept, rest;
    for (const auto& entry : a) (b.contains(entry.first) ? kept : rest).insert(entry);
    REQUIRE(la.keep(names) == labels_of(kept));
    REQUIRE(la.without(names) == labels_of(rest));
    REQUIRE(la.hash_of(names, true) == labels_of(kept).hash());
    REQUIRE(la.hash_of(names, false) == labels_of(rest).hash());

    LabelsBuilder builder(la);
    for (const auto& [name, value] : b) builder.set(name, value);
    Twin merged = b;
    merged.insert(a.begin(), a.end());
    REQUIRE(builder.build() == labels_of(merged));
    for (const auto& [name, value] : b) builder.remove(name);
    REQUIRE(builder.build() == labels_of(rest));
  }
}

TEST_CASE("hashes are those of Prometheus and Alertmanager") {
  const Labels labels{{"a", "b"}};
  CHECK(labels.encoded() == std::string("\1a\1b"));
  CHECK(labels.hash() == xxhash64(std::string("\1a\1b")));
  // common/model: FNV-1a of "a" 0xFF "b" 0xFF.
  CHECK(labels.fingerprint() == fnv1a64("a\xff"
                                        "b\xff"));
  CHECK(Labels().fingerprint() == kFnv1aOffset);
  CHECK(Labels().hash() == xxhash64(""));
  const Labels named{{"__name__", "up"}, {"job", "x"}};
  CHECK(named.hash_of({}, false) == Labels{{"job", "x"}}.hash());
  CHECK(named.hash_of({"job"}, false) == Labels().hash());
  CHECK(named.hash_of({"__name__"}, true) == Labels{{"__name__", "up"}}.hash());
}

TEST_CASE("long names and values keep their length") {
  for (const std::size_t size : {1U, 254U, 255U, 256U, 65535U, 65536U, 70000U}) {
    const std::string text(size, 'x');
    const Labels labels{{"a", text}, {text + "y", "short"}};
    REQUIRE(labels.size() == 2);
    CHECK(labels.get("a") == text);
    CHECK(labels.get(text + "y") == "short");
    CHECK(Labels::from_encoded(labels.encoded()) == labels);
  }
}

TEST_CASE("labels are printed as Prometheus prints them") {
  struct Case {
    Labels labels;
    const char* set;
    const char* series;
  };
  const Case cases[] = {
      {Labels{}, "{}", "{}"},
      {Labels{{"__name__", "up"}}, R"({__name__="up"})", "up"},
      {Labels{{"__name__", "a:b"}, {"x", "y"}, {"z", "q\"\\\n"}}, R"({__name__="a:b", x="y", z="q\"\\\n"})",
       R"(a:b{x="y", z="q\"\\\n"})"},
      {Labels{{"x", "y"}}, R"({x="y"})", R"({x="y"})"},
      {Labels{{"__name__", "my metric"}, {"a.b", "c"}}, R"({__name__="my metric", "a.b"="c"})",
       R"({"my metric", "a.b"="c"})"},
  };
  for (const Case& c : cases) {
    CHECK(c.labels.to_string() == c.set);
    CHECK(c.labels.to_series() == c.series);
  }
}

TEST_CASE("names are legacy, UTF-8 or wrong") {
  for (const char* name : {"a", "_", "A1", "__name__"}) {
    CHECK(is_legacy_label_name(name));
    CHECK(is_legacy_metric_name(name));
  }
  CHECK(is_legacy_metric_name("a:b"));
  CHECK_FALSE(is_legacy_label_name("a:b"));
  for (const char* name : {"1a", "a-b", "a.b", "\u00e9", "a b"}) {
    CHECK_FALSE(is_legacy_label_name(name));
    CHECK_FALSE(is_legacy_metric_name(name));
    CHECK(is_valid_name(name));
  }
  CHECK_FALSE(is_legacy_label_name(""));
  CHECK_FALSE(is_valid_name(""));
  CHECK_FALSE(is_valid_name("\xff"));
}
