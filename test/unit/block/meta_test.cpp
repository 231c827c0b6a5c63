#include "block/meta.hpp"

#include <catch2/catch.hpp>

namespace tocsin::block {
namespace {

TEST_CASE("a ULID is 26 digits of Crockford's base 32, in order of time") {
  // Of github.com/ulid/spec: 01ARZ3NDEKTSV4RRFFQ69G5FAV is of 2016-07-30T23:54:10.259Z.
  const auto known = Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  REQUIRE(known);
  CHECK(known->time() == 1469922850259);
  CHECK(known->text() == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(Ulid::parse("01arz3ndektsv4rrffq69g5fav") == known);
  CHECK(Ulid::parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == Ulid{~std::uint64_t{0}, ~std::uint64_t{0}});
  CHECK(Ulid{}.text() == "00000000000000000000000000");

  Rng rng(1);
  Ulid last;
  for (Timestamp t = 1; t < 200'000'000'000'000; t = t * 3 + 1) {
    const Ulid ulid = Ulid::make(t, rng);
    CHECK(ulid.time() == t);
    CHECK(Ulid::parse(ulid.text()) == ulid);
    CHECK(last < ulid);
    CHECK(last.text() < ulid.text());
    last = ulid;
  }
}

TEST_CASE("what is no ULID is refused") {
  for (const char* const text :
       {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "81ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FA-", "chunks_head"}) {
    CAPTURE(text);
    CHECK_FALSE(Ulid::parse(text));
  }
}

Meta full_meta() {
  Meta meta;
  meta.ulid = *Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  meta.min_time = -7'200'000;
  meta.max_time = 0;
  meta.stats = {.samples = 30, .float_samples = 10, .histogram_samples = 20, .series = 3, .chunks = 4, .tombstones = 1};
  meta.compaction.level = 2;
  meta.compaction.sources = {{1, 2}, {1, 3}};
  meta.compaction.deletable = true;
  meta.compaction.parents = {{{1, 2}, -7'200'000, -3'600'000}};
  meta.compaction.failed = true;
  meta.compaction.hints = {"from-out-of-order"};
  return meta;
}

TEST_CASE("meta.json is written as Prometheus writes it") {
  CHECK(meta_json(full_meta()) == R"({
	"ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
	"minTime": -7200000,
	"maxTime": 0,
	"stats": {
		"numSamples": 30,
		"numFloatSamples": 10,
		"numHistogramSamples": 20,
		"numSeries": 3,
		"numChunks": 4,
		"numTombstones": 1
	},
	"compaction": {
		"level": 2,
		"sources": [
			"0000000000000G000000000002",
			"0000000000000G000000000003"
		],
		"deletable": true,
		"parents": [
			{
				"ulid": "0000000000000G000000000002",
				"minTime": -7200000,
				"maxTime": -3600000
			}
		],
		"failed": true,
		"hints": [
			"from-out-of-order"
		]
	},
	"version": 1
})");
  CHECK(meta_json(Meta()) == R"({
	"ulid": "00000000000000000000000000",
	"minTime": 0,
	"maxTime": 0,
	"stats": {},
	"compaction": {
		"level": 1
	},
	"version": 1
})");
}

TEST_CASE("what is written to meta.json is read as the same") {
  const auto read = parse_meta(meta_json(full_meta()));
  REQUIRE(read);
  CHECK(meta_json(*read) == meta_json(full_meta()));
}

TEST_CASE("fields of Thanos and Mimir are passed over, and missing ones are zero") {
  const auto read = parse_meta(R"({"version":1,"ulid":"01ARZ3NDEKTSV4RRFFQ69G5FAV","maxTime":5,"compaction":null,
      "thanos":{"labels":{"a":"b"},"files":[{"rel_path":"index"}]}})");
  REQUIRE(read);
  CHECK(read->max_time == 5);
  CHECK(read->min_time == 0);
}

TEST_CASE("a meta.json that makes no sense is refused with the reason") {
  struct Case {
    const char* json;
    const char* reason;
  };
  const Case cases[] = {
      {"", "no JSON"},
      {"[]", "no JSON object"},
      {"{}", "unexpected meta file version 0"},
      {R"({"version":2})", "unexpected meta file version 2"},
      {R"({"version":"1"})", "field \"version\" is no whole number"},
      {R"({"version":1,"ulid":"x"})", "field \"ulid\" is no ULID"},
      {R"({"version":1,"minTime":1.5})", "field \"minTime\" is no whole number"},
      {R"({"version":1,"minTime":99999999999999999999})", "field \"minTime\" is no whole number"},
      {R"({"version":1,"minTime":2,"maxTime":1})", "minTime 2 is after maxTime 1"},
      {R"({"version":1,"stats":{"numSeries":-1}})", "field \"numSeries\" is no whole number"},
      {R"({"version":1,"stats":[]})", "field \"stats\" is no object"},
      {R"({"version":1,"compaction":{"sources":[1]}})", "field \"sources\" is no ULID"},
      {R"({"version":1,"compaction":{"sources":{}}})", "field \"sources\" is no list"},
      {R"({"version":1,"compaction":{"parents":[1]}})", "field \"parents\" has what is no object"},
      {R"({"version":1,"compaction":{"deletable":1}})", "field \"deletable\" is neither true nor false"},
      {R"({"version":1,"a":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]})", "no JSON"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.json);
    const auto read = parse_meta(one.json);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kCorrupt);
    CHECK_THAT(read.error().message, Catch::Contains(one.reason));
  }
}

}  // namespace
}  // namespace tocsin::block
