// Encodings that are read only, made by hand from the format; and bytes that are no chunk.
#include <functional>

#include "chunkenc/bit_writer.hpp"
#include "chunkenc/varbit.hpp"
#include "samples.hpp"

namespace tocsin::chunkenc {
namespace {

using model::CounterReset;

storage::SampleColumns decode(Encoding encoding, std::string_view data) {
  storage::SampleColumns out;
  REQUIRE(decode_chunk(encoding, data, out));
  return out;
}

/// A chunk of a count of two bytes, one more of header, and bits.
std::string chunk(unsigned count, unsigned header, const std::function<void(BitWriter&)>& fill) {
  std::string data = {static_cast<char>(count >> 8U), static_cast<char>(count), static_cast<char>(header)};
  BitWriter out(data);
  fill(out);
  out.finish();
  return data;
}

void put_double(BitWriter& out, double value) {
  out.put(std::bit_cast<std::uint64_t>(value), 64);
}

TEST_CASE("XOR2: one bit for a sample as expected, five for a stale marker, which leaves the value") {
  const std::string data = chunk(7, 0, [](BitWriter& out) {
    out.put_varint(1000);
    put_double(out, 1);
    out.put_uvarint(1000);
    out.put(0b0, 1);      // value as before
    out.put(0b0, 1);      // both as before
    out.put(0b11111, 5);  // stale
    out.put(0b10, 2);     // on time, value changed:
    out.put(0b1, 1);      // new window,
    out.put(1, 5);        // 1 leading zero,
    out.put(11, 6);       // 11 bits:
    out.put(0x7ff, 11);   // 1 -> 2
    out.put(0b110, 3);    // 13 bits of delta of deltas:
    out.put(0x1fff, 13);  // -1
    out.put(0b111, 3);    // stale
    out.put(0b1110, 4);   // 20 bits:
    out.put(5000, 20);
    out.put(0b10, 2);  // value changed within the window:
    out.put(0x7ff, 11);
  });
  const auto out = decode(Encoding::kXor2, data);
  CHECK(out.times == std::vector<Timestamp>{1000, 2000, 3000, 4000, 5000, 5999, 11998});
  REQUIRE(out.size() == 7);
  CHECK(out.values[1] == 1);
  CHECK(out.values[2] == 1);
  CHECK(model::is_stale(out.values[3]));
  CHECK(out.values[4] == 2);
  CHECK(model::is_stale(out.values[5]));
  CHECK(out.values[6] == 1);
  CHECK(out.starts.empty());
  CHECK(out.histograms.empty());
}

TEST_CASE("XOR2: bytes of the format, with 64 bits of delta of deltas and a first sample that is stale") {
  const std::string data = chunk(3, 0, [](BitWriter& out) {
    out.put_varint(-5);
    put_double(out, model::stale_nan());
    out.put_uvarint(10);
    out.put(0b110, 3);  // new window: 0 -> 1.0
    out.put(2, 5);
    out.put(10, 6);
    out.put(0x3ff, 10);
    out.put(0b11110, 5);
    out.put(1'000'000, 64);
    out.put(0b0, 1);
  });
  CHECK(test::hex(data) == "000300097ff00000000000020ac22bfff000000000007a1200");
  const auto out = decode(Encoding::kXor2, data);
  CHECK(out.times == std::vector<Timestamp>{-5, 5, 1'000'015});
  REQUIRE(out.size() == 3);
  CHECK(model::is_stale(out.values[0]));
  CHECK(out.values[1] == 1);
  CHECK(out.values[2] == 1);
}

TEST_CASE("XOR2: start timestamps, known from the first sample and changing at the third") {
  const std::string data = chunk(5, 0x80U | 2U, [](BitWriter& out) {
    out.put_varint(1000);
    put_double(out, 1);
    out.put_varint(400);  // start 600
    out.put_uvarint(1000);
    out.put(0b0, 1);
    out.put(0b0, 1);
    put_varbit_int(out, 500);  // 500 before the sample before: 1500
    out.put(0b0, 1);
    put_varbit_int(out, 1000);  // the distance grew as the time did: 1500 still
    out.put(0b0, 1);
    put_varbit_int(out, 2500);  // 4000 before 4000: none
  });
  const auto out = decode(Encoding::kXor2, data);
  CHECK(out.times == std::vector<Timestamp>{1000, 2000, 3000, 4000, 5000});
  CHECK(out.starts == std::vector<Timestamp>{600, 600, 1500, 1500, 0});
}

TEST_CASE("start timestamps are padded where other samples of the columns have none") {
  storage::SampleColumns out;
  test::add(out, 1, 1.0);
  const std::string data = chunk(2, 1, [](BitWriter& bits) {
    bits.put_varint(1000);
    put_double(bits, 1);
    bits.put_uvarint(1000);
    bits.put(0b0, 1);
    put_varbit_int(bits, 300);
  });
  REQUIRE(decode_chunk(Encoding::kXor2, data, out));
  CHECK(out.starts == std::vector<Timestamp>{0, 0, 700});
  std::string plain = {0, 1};
  BitWriter bits(plain);
  bits.put_varint(3000);
  put_double(bits, 4);
  bits.finish();
  REQUIRE(decode_chunk(Encoding::kXor, plain, out));
  CHECK(out.starts == std::vector<Timestamp>{0, 0, 700, 0});
}

/// zero threshold 0.001 as nine bytes, schema 1, one span {-1, 2}, no negative ones
void put_layout(BitWriter& out) {
  out.put(255, 8);
  put_double(out, 0.001);
  put_varbit_int(out, 1);
  put_varbit_uint(out, 1);
  put_varbit_uint(out, 2);
  put_varbit_int(out, -1);
  put_varbit_uint(out, 0);
}

TEST_CASE("histograms with start timestamps: the reset header lies above the count") {
  const std::string data = chunk(0x4000U | 3U, 0x80U | 1U, [](BitWriter& out) {
    put_layout(out);
    put_varbit_int(out, 1000);
    put_varbit_uint(out, 6);
    put_varbit_uint(out, 1);
    put_double(out, 2.5);
    put_varbit_int(out, 2);  // buckets 2 and
    put_varbit_int(out, 1);  // 3
    out.put_varint(900);     // start 100
    put_varbit_int(out, 1000);
    put_varbit_int(out, 4);
    put_varbit_int(out, 1);
    out.put(0b0, 1);
    put_varbit_int(out, 1);   // 3 and
    put_varbit_int(out, 1);   // 5
    put_varbit_int(out, 50);  // start 950
    put_varbit_int(out, 0);
    put_varbit_int(out, 0);
    put_varbit_int(out, 0);
    out.put(0b0, 1);
    put_varbit_int(out, -1);  // 3 and
    put_varbit_int(out, 0);   // 6
    put_varbit_int(out, 0);   // start 1950
  });
  CHECK(sample_count(Encoding::kHistogramSt, data) == 3);
  const auto out = decode(Encoding::kHistogramSt, data);
  CHECK(out.times == std::vector<Timestamp>{1000, 2000, 3000});
  CHECK(out.starts == std::vector<Timestamp>{100, 950, 1950});
  CHECK(out.values == std::vector<double>{0, 0, 0});
  REQUIRE(out.histograms.size() == 3);
  const auto& h = *out.histograms[2];
  CHECK(h.integer);
  CHECK(h.schema == 1);
  CHECK(h.zero_threshold == 0.001);
  CHECK(h.count == 14);
  CHECK(h.zero_count == 3);
  CHECK(h.sum == 2.5);
  CHECK(h.positive_spans == std::vector<model::HistogramSpan>{{-1, 2}});
  CHECK(h.positive_buckets == std::vector<double>{3, 6});
  CHECK(h.reset_hint == CounterReset::kNotReset);
  CHECK(out.histograms[0]->reset_hint == CounterReset::kUnknown);
}

TEST_CASE("float histograms with start timestamps") {
  const std::string data = chunk(0xc000U | 2U, 0, [](BitWriter& out) {
    put_layout(out);
    put_varbit_int(out, -1000);
    for (const double v : {1.5, 0.0, 3.0, 1.0, 0.5}) put_double(out, v);
    put_varbit_int(out, 1000);
    out.put(0b0, 1);
    out.put(0b0, 1);
    out.put(0b11, 2);  // sum 3.0 -> 4.0: xor 0x0018 << 48: 11 leading, 2 bits
    out.put(11, 5);
    out.put(2, 6);
    out.put(0b11, 2);
    out.put(0b0, 1);
    out.put(0b0, 1);
  });
  const auto out = decode(Encoding::kFloatHistogramSt, data);
  REQUIRE(out.size() == 2);
  CHECK(out.starts.empty());
  CHECK_FALSE(out.histograms[1]->integer);
  CHECK(out.histograms[1]->count == 1.5);
  CHECK(out.histograms[1]->sum == 4.0);
  CHECK(out.histograms[1]->positive_buckets == std::vector<double>{1, 0.5});
  CHECK(out.histograms[1]->reset_hint == CounterReset::kGauge);
}

TEST_CASE("buckets of a finer schema than ours are merged") {
  const std::string data = chunk(1, 0, [](BitWriter& out) {
    out.put(0, 8);
    put_varbit_int(out, 9);
    put_varbit_uint(out, 1);
    put_varbit_uint(out, 4);
    put_varbit_int(out, 1);  // indices 1..4: 1 and 2 become 1, 3 and 4 become 2
    put_varbit_uint(out, 0);
    put_varbit_int(out, 7);
    put_varbit_uint(out, 10);
    put_varbit_uint(out, 0);
    put_double(out, 1);
    for (int i = 0; i < 4; ++i) put_varbit_int(out, 1);  // 1 2 3 4
  });
  const auto out = decode(Encoding::kHistogram, data);
  CHECK(out.histograms[0]->schema == 8);
  CHECK(out.histograms[0]->positive_spans == std::vector<model::HistogramSpan>{{1, 2}});
  CHECK(out.histograms[0]->positive_buckets == std::vector<double>{3, 7});
}

void put_sample(BitWriter& out, int buckets) {
  put_varbit_int(out, 7);
  put_varbit_uint(out, 1);
  put_varbit_uint(out, 0);
  put_double(out, 1);
  for (int i = 0; i < buckets; ++i) put_varbit_int(out, 1);
}

TEST_CASE("a chunk that claims more than it has is refused at no cost") {
  const auto refused = [](const std::function<void(BitWriter&)>& layout) {
    const std::string data = chunk(1, 0, [&](BitWriter& out) {
      out.put(0, 8);
      layout(out);
      put_sample(out, 2);
    });
    storage::SampleColumns out;
    return !decode_chunk(Encoding::kHistogram, data, out) && !decode_chunk(Encoding::kFloatHistogram, data, out) &&
           out.size() == 0 && out.histograms.empty();
  };
  CHECK(refused([](BitWriter& out) {  // a span of 2^31 buckets
    put_varbit_int(out, 0);
    put_varbit_uint(out, 1);
    put_varbit_uint(out, 1ULL << 31U);
    put_varbit_int(out, 0);
    put_varbit_uint(out, 0);
  }));
  CHECK(refused([](BitWriter& out) {  // spans whose lengths wrap to 2
    put_varbit_int(out, 0);
    put_varbit_uint(out, 2);
    put_varbit_uint(out, ~0ULL);
    put_varbit_int(out, 0);
    put_varbit_uint(out, 3);
    put_varbit_int(out, 0);
    put_varbit_uint(out, 0);
  }));
  CHECK(refused([](BitWriter& out) {  // 2^40 spans
    put_varbit_int(out, 0);
    put_varbit_uint(out, 1ULL << 40U);
  }));
  CHECK(refused([](BitWriter& out) {  // 2^60 custom bounds
    put_varbit_int(out, model::kCustomBucketsSchema);
    put_varbit_uint(out, 0);
    put_varbit_uint(out, 0);
    put_varbit_uint(out, 1ULL << 60U);
  }));
  CHECK(refused([](BitWriter& out) {  // no such schema
    put_varbit_int(out, 53);
    put_varbit_uint(out, 0);
    put_varbit_uint(out, 0);
  }));
  CHECK(refused([](BitWriter& out) {  // a span that goes back
    put_varbit_int(out, 0);
    put_varbit_uint(out, 2);
    put_varbit_uint(out, 1);
    put_varbit_int(out, 0);
    put_varbit_uint(out, 1);
    put_varbit_int(out, -1);
    put_varbit_uint(out, 0);
  }));
}

TEST_CASE("many empty spans or bounds do not multiply with the samples") {
  const auto data = [](bool bounds, unsigned samples) {
    return chunk(samples, 0, [&](BitWriter& out) {
      out.put(0, 8);
      put_varbit_int(out, bounds ? model::kCustomBucketsSchema : 0);
      put_varbit_uint(out, bounds ? 0 : 20'000);
      for (int i = 0; i < 20'000 && !bounds; ++i) out.put(0, 2);
      put_varbit_uint(out, 0);
      if (bounds) put_varbit_uint(out, 20'000);
      for (int i = 0; i < 20'000 && bounds; ++i) put_varbit_uint(out, static_cast<std::uint64_t>(i) + 1);
      put_sample(out, 0);
      put_varbit_int(out, 1);
      out.put(0, 3);
      for (unsigned i = 2; i < samples; ++i) out.put(0, 4);
    });
  };
  CHECK(decode(Encoding::kHistogram, data(false, 60'000)).histograms.back()->positive_spans.empty());
  storage::SampleColumns out;
  CHECK_FALSE(decode_chunk(Encoding::kHistogram, data(true, 60'000), out));
  CHECK(decode_chunk(Encoding::kHistogram, data(true, 100), out));
}

TEST_CASE("times that do not rise are refused, in every encoding") {
  storage::SampleColumns out;
  std::string data = {0, 2};
  BitWriter bits(data);
  bits.put_varint(1000);
  put_double(bits, 1);
  bits.put_uvarint(0);
  bits.put(0, 1);
  bits.finish();
  CHECK_FALSE(decode_chunk(Encoding::kXor, data, out));
  CHECK_FALSE(decode_chunk(Encoding::kXor2, std::string(data).insert(2, 1, '\0'), out));
  CHECK_FALSE(decode_chunk(Encoding::kHistogram,
                           chunk(2, 0,
                                 [](BitWriter& h) {
                                   put_layout(h);
                                   put_sample(h, 2);
                                   put_varbit_int(h, -3);
                                   h.put(0, 20);
                                 }),
                           out));
  CHECK(out.size() == 0);
}

TEST_CASE("a cut or damaged chunk is refused, or gives samples; the columns are never torn") {
  std::vector<EncodedChunk> chunks;
  for (const bool integer : {true, false}) {
    test::HistogramSource source(3, integer, false);
    storage::SampleColumns in;
    for (int i = 0; i < 12; ++i) test::add(in, i * 1000 + 3, source.next());
    encode_chunks(in, 0, in.size(), {}, chunks);
  }
  storage::SampleColumns floats;
  Rng rng(5);
  for (int i = 0; i < 30; ++i) test::add(floats, i * 1000 + static_cast<Timestamp>(rng.next() % 9), rng.uniform());
  encode_chunks(floats, 0, floats.size(), {}, chunks);

  for (const auto& chunk : chunks) {
    const auto attempt = [](Encoding encoding, std::string_view data) {
      storage::SampleColumns out;
      test::add(out, -1, 5.0);
      const bool good = decode_chunk(encoding, data, out);
      CHECK(out.times.size() == out.values.size());
      CHECK((out.starts.empty() || out.starts.size() == out.times.size()));
      CHECK((out.histograms.empty() || out.histograms.size() == out.times.size()));
      if (!good) CHECK(out.times.size() == 1);
      return good;
    };
    REQUIRE(attempt(chunk.encoding, chunk.data));
    for (std::size_t size = 0; size < chunk.data.size(); ++size) {
      CHECK_FALSE(attempt(chunk.encoding, std::string_view(chunk.data).substr(0, size)));
    }
    for (std::size_t bit = 0; bit < chunk.data.size() * 8; ++bit) {
      std::string bad = chunk.data;
      bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ 1U << bit % 8);
      for (int encoding = 1; encoding <= 6; ++encoding) attempt(static_cast<Encoding>(encoding), bad);
    }
  }
}

TEST_CASE("encodings are known by their number") {
  for (int byte = 0; byte < 256; ++byte)
    CHECK(is_encoding(static_cast<std::uint8_t>(byte)) == (byte >= 1 && byte <= 6));
  CHECK(sample_count(Encoding::kXor, "\x01") == 0);
  CHECK(sample_count(Encoding::kXor, std::string_view("\xff\xfe", 2)) == 0xfffe);
  CHECK(sample_count(Encoding::kHistogramSt, std::string_view("\xff\xfe", 2)) == 0x3ffe);
  storage::SampleColumns out;
  CHECK(decode_chunk(Encoding::kXor, std::string_view("\0\0", 2), out));
  CHECK_FALSE(decode_chunk(Encoding::kHistogram, std::string_view("\0\0", 2), out));
}

}  // namespace
}  // namespace tocsin::chunkenc
