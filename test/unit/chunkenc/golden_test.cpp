// Chunks that Debian's Prometheus 2.42 wrote, byte by byte: XOR ones by `promtool tsdb create-blocks-from openmetrics`,
// histogram ones in its head, fed by remote write.
#include "samples.hpp"

namespace tocsin::chunkenc {
namespace {

using test::FloatHistogram;

TEST_CASE("an XOR chunk is that of Prometheus") {
  const std::pair<Timestamp, double> samples[] = {
      {1700000014999, 0},
      {1700000029999, 0},
      {1700000044999, 1},
      {1700000059997, 847},
      {1700000074997, 64.07},
      {1700000089997, 0.6269756024131301},
      {1700000104998, -0.6269756024131301},
      {1700000119998, 8.934620726539034e+298},
      {1700000134998, 8.934620726539034e+298},
      {1700000149994, 8.934620726539034e+298},
      {1700000164994, 8.934620726539034e+298},
      {1700000179994, 8.934620726539034e+298},
      {1700000194990, 4.63},
      {1700000209990, 0.7008787195596342},
      {1700000224990, -0.7008787195596342},
      {1700000239993, 5.8876867831251695e+299},
      {1700000254993, 5.8876867831251695e+299},
      {1700000269993, 5.8876867831251695e+299},
      {1700000284992, 5.8876867831251695e+299},
      {1700000299992, 5.8876867831251695e+299},
      {1700003914992, 73.49},
      {1700003929992, 0.7752394352251485},
      {1700003944992, -0.7752394352251485},
      {1700003959992, 1.3643762655591497e+299},
      {1700003974994, 1.3643762655591497e+299},
      {1700003989994, 1.3643762655591497e+299},
      {1700004004994, 1.3643762655591497e+299},
      {1700004019993, 1.3643762655591497e+299},
      {1700004034993, 97.06},
      {1700004049993, 0.9976365270880904},
      {1700004064997, -0.9976365270880904},
      {1700004079997, 4.919386583333402e+299},
      {1700004094997, 4.919386583333402e+299},
      {1700004109996, 4.919386583333402e+299},
      {1700004124996, 4.919386583333402e+299},
      {1700004139996, 4.919386583333402e+299},
      {1700004154993, 40.3},
      {1700004169993, 0.04050325970566282},
      {1700004184993, -0.04050325970566282},
      {1700004199991, 9.006975192017401e+299},
  };
  storage::SampleColumns in;
  for (const auto& [t, value] : samples) test::add(in, t, value);
  const std::string expected =
      "0028ae8aadfef962000000000000000098753115ffdfff6153fbd3e000b46db4f8f5c28f5c2b0fdfed0515708fe34fc000e0"
      "077fff83ec1e5039c61cb512cbffc40020bffcc5f7c272d5bf5c53307000987fffe9d10f1a1df396c00e000f07f83949f03f"
      "798a906fff45fffa0005e00000000006ddd018bef9f9f513999a110ffffffffffff2446030fdfeea467b19b94c5b00360fb0"
      "78b7488e12e34580025fff0bfff4000e2fbe525037dced6c2961fffdbd7ba3d0c8eedc00260077ff983ec1c86d032587eb8c"
      "bfff40008bffdc5f7cc74f8c678bc12b000787effc13563738818ad801dfff60ff0644e0db69798398";
  std::vector<EncodedChunk> chunks;
  encode_chunks(in, 0, in.size(), {}, chunks);
  REQUIRE(chunks.size() == 1);
  CHECK(test::hex(chunks[0].data) == expected);
  storage::SampleColumns out;
  REQUIRE(decode_chunk(Encoding::kXor, chunks[0].data, out));
  test::check_same(in, out);
}

FloatHistogram make(bool integer, std::int32_t schema, double zero_threshold, double zero_count,
                    std::vector<model::HistogramSpan> spans, std::vector<double> counts, double negative, double sum) {
  const double scale = integer ? 1 : 0.25;
  FloatHistogram h;
  h.integer = integer;
  h.schema = schema;
  h.zero_threshold = zero_threshold;
  h.zero_count = h.count = zero_count;
  h.positive_spans = std::move(spans);
  for (const double c : counts) h.positive_buckets.push_back(c * scale);
  if (negative != 0) {
    h.negative_spans = {{0, 1}};
    h.negative_buckets = {negative * scale};
  }
  for (const double c : h.positive_buckets) h.count += c;
  for (const double c : h.negative_buckets) h.count += c;
  h.sum = sum;
  return h;
}

/// Buckets that come, a reset, another schema, then gauges; the last one only ends the chunk before.
storage::SampleColumns histograms(bool integer) {
  constexpr double kTiny = 0x1p-128;
  const std::vector<model::HistogramSpan> few = {{-2, 2}, {3, 1}};
  const std::vector<model::HistogramSpan> more = {{-2, 3}, {2, 1}, {4, 2}};
  std::vector<FloatHistogram> all = {
      make(integer, 3, kTiny, 2, few, {1, 3, 4}, 5, 12.5),
      make(integer, 3, kTiny, 2, few, {2, 3, 4}, 5, 13.25),
      make(integer, 3, kTiny, 3, more, {2, 3, 7, 9, 1, 1}, 5, 20),
      make(integer, 3, kTiny, 3, more, {2, 300, 7, 9, 1, 2}, 5, 21),
      make(integer, 3, kTiny, 3, more, {1, 300, 7, 9, 1, 2}, 9, 21.5),
      make(integer, 3, kTiny, 3, more, {2, 300, 7, 9, 1, 2}, 9, 22.5),
      make(integer, 1, 0.001, 3, {{0, 2}}, {20, 400}, 0, 30),
      make(integer, 1, 0.001, 4, {{0, 2}}, {20, 70000}, 0, 30.5),
      make(integer, 1, 0.001, 4, {{0, 2}}, {20, 7}, 0, 1.5),
      make(integer, 1, 0.001, 1, {{1, 2}}, {2, 6}, 0, 1.25),
      make(integer, 4, 0.001, 1, {{1, 2}}, {2, 6}, 0, 1.25),
  };
  storage::SampleColumns out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i >= 8) all[i].reset_hint = model::CounterReset::kGauge;
    test::add(out, 1795982460000 + static_cast<Timestamp>(i) * 15'000, all[i]);
  }
  return out;
}

void check_histograms(bool integer, const std::vector<std::string>& expected) {
  const auto in = histograms(integer);
  std::vector<EncodedChunk> chunks;
  encode_chunks(in, 0, in.size(), {}, chunks);
  REQUIRE(chunks.size() == expected.size() + 1);
  storage::SampleColumns out;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i < expected.size()) CHECK(test::hex(chunks[i].data) == expected[i]);
    CHECK(chunks[i].encoding == (integer ? Encoding::kHistogram : Encoding::kFloatHistogram));
    REQUIRE(decode_chunk(chunks[i].encoding, chunks[i].data, out));
  }
  test::check_same(in, out);
}

TEST_CASE("chunks of integer histograms are those of Prometheus") {
  check_histograms(
      true, {
                "000400749ce768ca548c5fc00034451cb08c18f920148000000000004655a6f185f83a988b707e37031d1d637b78e1edbc1e"
                "11bbc13c253eed095220",
                "000280749ce768ca548c5fc00034451ccdd81d4c9a01ac0000000000047c257eedb96e2389f83a988b705c6e00",
                "000200ff3f50624dd2f1a9fc8c647f0000d1147371f8769e6807c00000000000194f0be7c1d4c7c87f0c78037c87f000",
                "0002c0ff3f50624dd2f1a9fc8c667f0000d11473ac9067e87ff000000000000194d9ee7e0ea63555d817acc7e2c0",
            });
}

TEST_CASE("chunks of float histograms are those of Prometheus") {
  check_histograms(
      false, {
                 "000400749ce768ca548c5fc00034451cb08c0802a000000000000800000000000000080520000000000007fa000000000000"
                 "07fd000000000000000000000000000007fe0000000000000000000000000000000000000000000007fe8000000000001f07"
                 "531b82db83fa82c06a173b01eb1bd3119fff84effe7115fee22bfd3495c4a09851ff75880300",
                 "000280749ce768ca548c5fc00034451ccdd8080aaa000000000008010000000000000806b0000000000007fa000000000000"
                 "080a58000000000007ff800000000000080040000000000007fa00000000000007fc00000000000008004000000000001f07"
                 "531c82db82f50580",
                 "000200ff3f50624dd2f1a9fc8c647f0000d1147371f8202d8000000000002004000000000000201f000000000000200a0000"
                 "00000000202c8000000000007c1d4c684a2865d617c01b421102e0",
                 "0002c0ff3f50624dd2f1a9fc8c667f0000d11473ac902012c0000000000020080000000000001ffc000000000000200a0000"
                 "000000001ffe00000000000000000000000000007c1d4c6a1ede12bffd81784d802eb0fe22fff8",
             });
}

}  // namespace
}  // namespace tocsin::chunkenc
