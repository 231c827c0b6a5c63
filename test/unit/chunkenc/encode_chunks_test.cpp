#include <algorithm>

#include "samples.hpp"

namespace tocsin::chunkenc {
namespace {

using model::CounterReset;
using test::FloatHistogram;

std::vector<EncodedChunk> encode(const storage::SampleColumns& in, CutOptions options = {}) {
  std::vector<EncodedChunk> chunks;
  encode_chunks(in, 0, in.size(), options, chunks);
  return chunks;
}

storage::SampleColumns decode(const std::vector<EncodedChunk>& chunks) {
  storage::SampleColumns out;
  for (const auto& chunk : chunks) {
    const std::size_t before = out.size();
    REQUIRE(sample_count(chunk.encoding, chunk.data) == chunk.count);
    REQUIRE(decode_chunk(chunk.encoding, chunk.data, out));
    REQUIRE(out.size() == before + chunk.count);
    CHECK(out.times[before] == chunk.first_time);
    CHECK(out.times.back() == chunk.last_time);
  }
  return out;
}

std::string headers(const std::vector<EncodedChunk>& chunks) {
  std::string out;
  for (const auto& chunk : chunks) {
    const bool floats = chunk.encoding == Encoding::kXor;
    out += fmt::format("{}:{}:{:02x} ", static_cast<int>(chunk.encoding), chunk.count,
                       floats ? 0 : static_cast<unsigned char>(chunk.data[2]));
  }
  return out;
}

FloatHistogram histogram(std::vector<double> counts, std::int32_t offset = 0, bool integer = true) {
  FloatHistogram h;
  h.integer = integer;
  h.zero_threshold = 0x1p-128;
  h.positive_spans = {{offset, static_cast<std::uint32_t>(counts.size())}};
  h.positive_buckets = std::move(counts);
  for (const double c : h.positive_buckets) h.count += c;
  h.sum = h.count * 2;
  return h;
}

FloatHistogram stale() {
  FloatHistogram h;
  h.sum = model::stale_nan();
  return h;
}

FloatHistogram hinted(FloatHistogram h, CounterReset hint) {
  h.reset_hint = hint;
  return h;
}

TEST_CASE("random histogram series come back sample by sample") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    test::HistogramSource source(seed, seed % 2 == 0, seed % 5 == 0);
    storage::SampleColumns in;
    Timestamp t = static_cast<Timestamp>(seed) * 1'000'000 - 500'000;
    for (int i = 0; i < 150; ++i)
      test::add(in, t += 15'000 + static_cast<Timestamp>(seed % 3) * (i % 7), source.next());
    const auto chunks = encode(in);
    const auto out = decode(chunks);
    test::check_same(in, out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!model::is_stale(*out.histograms[i])) CHECK(out.histograms[i]->integer == in.histograms[i]->integer);
    }
    // What was read may be written again.
    test::check_same(in, decode(encode(out)));
  }
}

TEST_CASE("floats go to chunks of even length, with summaries") {
  storage::SampleColumns in;
  for (int i = 0; i < 250; ++i) test::add(in, i * 1000, i);
  const auto chunks = encode(in);
  REQUIRE(headers(chunks) == "1:84:00 1:83:00 1:83:00 ");
  CHECK(chunks[1].summary.first == 84);
  CHECK(chunks[1].summary.count == 83);
  CHECK(chunks[1].starts.empty());
  test::check_same(in, decode(chunks));
  // Of a part.
  std::vector<EncodedChunk> part;
  encode_chunks(in, 10, 30, {}, part);
  CHECK(headers(part) == "1:20:00 ");
  CHECK(part[0].first_time == 10'000);
}

TEST_CASE("floats, integer and float histograms are in chunks of their own, stale markers where they stand") {
  storage::SampleColumns in;
  test::add(in, 1, 1.5);
  test::add(in, 2, histogram({1, 2}));
  test::add(in, 3, histogram({1, 3}));
  test::add(in, 4, stale());
  test::add(in, 5, stale());
  test::add(in, 6, histogram({2, 3}));
  test::add(in, 7, histogram({2, 3.5}, 0, false));
  test::add(in, 8, histogram({2, 4.5}, 0, false));
  test::add(in, 9, model::stale_nan());
  test::add(in, 10, histogram({2, 4}));
  const auto chunks = encode(in);
  // After a stale marker nothing is known; nor between kinds.
  CHECK(headers(chunks) == "1:1:00 2:4:00 2:1:00 3:2:00 1:1:00 2:1:00 ");
  test::check_same(in, decode(chunks));
}

TEST_CASE("a counter reset begins a chunk that says so") {
  storage::SampleColumns in;
  test::add(in, 1, histogram({5, 5}));
  test::add(in, 2, histogram({6, 5}));
  test::add(in, 3, histogram({1, 1}));                                   // count falls
  test::add(in, 4, histogram({3, 0}));                                   // a bucket falls
  test::add(in, 5, histogram({4, 0}, 3));                                // a used bucket is gone
  test::add(in, 6, hinted(histogram({9, 9}, 3), CounterReset::kReset));  // it says so itself
  const auto chunks = encode(in);
  CHECK(headers(chunks) == "2:2:00 2:1:80 2:1:80 2:1:80 2:1:80 ");
  const auto out = decode(chunks);
  test::check_same(in, out);
  CHECK(out.histograms[0]->reset_hint == CounterReset::kUnknown);
  CHECK(out.histograms[1]->reset_hint == CounterReset::kNotReset);
  CHECK(out.histograms[2]->reset_hint == CounterReset::kUnknown);  // the chunk before may be gone
}

TEST_CASE("another schema, zero threshold or bounds begin a chunk") {
  storage::SampleColumns in;
  FloatHistogram h = histogram({5, 5});
  test::add(in, 1, h);
  h.schema = 3;
  test::add(in, 2, h);
  h.zero_threshold = 0.25;
  test::add(in, 3, h);
  h.schema = model::kCustomBucketsSchema;
  h.zero_threshold = 0;
  h.custom_values = {1, 2};
  test::add(in, 4, h);
  h.custom_values = {1, 3};
  test::add(in, 5, h);
  const auto chunks = encode(in);
  CHECK(headers(chunks) == "2:1:00 2:1:00 2:1:00 2:1:00 2:1:80 ");
  test::check_same(in, decode(chunks));
}

TEST_CASE("gauges and counters do not share a chunk, and gauges may fall") {
  storage::SampleColumns in;
  test::add(in, 1, histogram({5, 5}));
  test::add(in, 2, hinted(histogram({6, 6}), CounterReset::kGauge));
  test::add(in, 3, hinted(histogram({1, 1, 1}, -1), CounterReset::kGauge));
  test::add(in, 4, hinted(histogram({3}, 8), CounterReset::kGauge));
  test::add(in, 5, histogram({5, 5}));
  const auto chunks = encode(in);
  CHECK(headers(chunks) == "2:1:00 2:3:c0 2:1:40 ");
  const auto out = decode(chunks);
  test::check_same(in, out);
  CHECK(out.histograms[1]->reset_hint == CounterReset::kGauge);
  CHECK(out.histograms[3]->reset_hint == CounterReset::kGauge);
  CHECK(out.histograms[1]->positive_spans == std::vector<model::HistogramSpan>{{-1, 3}, {6, 1}});
}

TEST_CASE("buckets that come and empty ones that are missing stay in one chunk of one layout") {
  for (const bool integer : {true, false}) {
    storage::SampleColumns in;
    test::add(in, 1, histogram({1, 0, 2}, 0, integer));
    test::add(in, 2, histogram({1, 0, 2, 0, 0, 7}, 0, integer));
    FloatHistogram gap = histogram({2, 2, 9, 4}, 0, integer);
    gap.positive_spans = {{0, 1}, {1, 1}, {2, 2}};  // 0, 2, 5, 6
    test::add(in, 3, gap);
    FloatHistogram negative = gap;
    negative.negative_spans = {{-3, 1}};
    negative.negative_buckets = {5};
    negative.count += 5;
    test::add(in, 4, negative);
    const auto chunks = encode(in);
    CHECK(headers(chunks) == (integer ? "2:4:00 " : "3:4:00 "));
    const auto out = decode(chunks);
    test::check_same(in, out);
    CHECK(out.histograms[0]->positive_buckets == std::vector<double>{1, 0, 2, 0, 0, 0, 0});
    CHECK(out.histograms[0]->negative_spans == std::vector<model::HistogramSpan>{{-3, 1}});
  }
}

TEST_CASE("large histograms end a chunk by bytes, after ten samples at least; small ones by number") {
  storage::SampleColumns in;
  Rng rng(7);
  std::vector<double> counts(160);
  for (int i = 0; i < 35; ++i) {
    for (double& c : counts) c += static_cast<double>(rng.next() % 1000);
    test::add(in, i * 1000, histogram(counts));
  }
  const auto chunks = encode(in);
  REQUIRE(chunks.size() == 4);
  CHECK(headers(chunks) == "2:10:00 2:10:40 2:10:40 2:5:40 ");
  test::check_same(in, decode(chunks));
  storage::SampleColumns small;
  for (int i = 0; i < 250; ++i) test::add(small, i * 1000, histogram({1, 2}));
  CHECK(headers(encode(small)) == "2:120:00 2:120:40 2:10:40 ");
}

TEST_CASE("counts that are no integers make float chunks, whatever the histogram says") {
  storage::SampleColumns in;
  test::add(in, 1, histogram({0.5, 1}));
  test::add(in, 2, histogram({1, 1e300}));
  const auto chunks = encode(in);
  CHECK(headers(chunks) == "3:2:00 ");
  test::check_same(in, decode(chunks));
}

TEST_CASE("start timestamps go beside the chunk") {
  storage::SampleColumns in;
  for (int i = 0; i < 130; ++i) test::add(in, 1000 + i, i);
  in.starts.assign(130, 0);
  in.starts[100] = 7;
  const auto chunks = encode(in);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].starts.empty());
  REQUIRE(chunks[1].starts.size() == 65);
  CHECK(chunks[1].starts[35] == 7);
}

TEST_CASE("a histogram chunk has the bytes of the format") {
  // count 1 | flags | threshold 2^-128: exponent -127 + 243 = 116 | schema 0: 0 | one span: 10 001, length 2: 10 010,
  // offset 0: 0 | no spans: 0 | t 5: 110 000101 | count 3: 10 011 | zero count 0: 0 | sum 6.0: 4018... | buckets as
  // differences 1, 1: 10 001 twice | padding
  storage::SampleColumns in;
  test::add(in, 5, histogram({1, 2}));
  CHECK(test::hex(encode(in)[0].data) == "00010074464616640180000000000008c4");
}

}  // namespace
}  // namespace tocsin::chunkenc
