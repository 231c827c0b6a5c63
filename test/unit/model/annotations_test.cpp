#include "model/annotations.hpp"

#include <catch2/catch.hpp>

using namespace tocsin::model;

TEST_CASE("Annotations are sorted, the last of a name counts, and empty ones stay") {
  const Labels annotations = make_annotations({{"summary", "first"}, {"empty", ""}, {"summary", "last"}, {"a", "x"}});
  std::vector<LabelView> all(annotations.begin(), annotations.end());
  CHECK(all == std::vector<LabelView>{{"a", "x"}, {"empty", ""}, {"summary", "last"}});
  CHECK(annotations.size() == 3);
  CHECK(annotations.has("empty"));
  CHECK(annotations.get("summary") == "last");
  CHECK(make_annotations({}).empty());
  CHECK(make_annotations({{"summary", "s"}}) == Labels{{"summary", "s"}});
}
