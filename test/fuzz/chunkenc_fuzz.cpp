// Any bytes as a chunk of any encoding, XOR chunks beside the naive decoder; and what was read, written and read again.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "chunkenc/chunk.hpp"
#include "support/naive_xor.hpp"

using namespace tocsin;
using namespace tocsin::chunkenc;

namespace {

bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

double total(const std::vector<double>& counts) {
  double sum = 0;
  for (const double c : counts) sum += c;
  return sum;
}

bool close(double a, double b) {
  return same_bits(a, b) || a == b || (std::isnan(a) && std::isnan(b));
}

void check_same(const model::FloatHistogram& a, const model::FloatHistogram& b) {
  check(same_bits(a.sum, b.sum), "sums come back");
  if (model::is_stale(a)) return;
  check(a.schema == b.schema && same_bits(a.count, b.count) && same_bits(a.zero_count, b.zero_count), "counts");
  check(a.custom_values.size() == b.custom_values.size(), "bounds come back");
  // Empty buckets may have been added: order and sums stay.
  check(close(total(a.positive_buckets), total(b.positive_buckets)), "buckets come back");
  check(close(total(a.negative_buckets), total(b.negative_buckets)), "buckets come back");
}

void compare_with_naive(std::string_view bytes) {
  constexpr std::size_t kCountBytes = 2;
  if (bytes.size() < kCountBytes) return;
  const auto expected = test::NaiveXor::decode(bytes.substr(kCountBytes), sample_count(Encoding::kXor, bytes));
  storage::SampleColumns in;
  check(decode_chunk(Encoding::kXor, bytes, in) == expected.has_value(), "a chunk, or none");
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto& [t, value] = (*expected)[i];
    check(in.times[i] == t && std::memcmp(&in.values[i], &value, sizeof value) == 0, "the same samples");
  }
}

/// Six chunks at once: the bytes, cut off at each of two places that they name, and a good one.
void compare_with_each_alone(std::string_view bytes) {
  constexpr std::string_view kGood{"\x00\x02\x02\x40\x45\x00\x00\x00\x00\x00\x00\x01\x00", 13};
  if (bytes.size() < 2) return;
  const std::string_view chunks[] = {
      bytes,
      bytes.substr(0, static_cast<unsigned char>(bytes[0])),
      kGood,
      bytes,
      bytes.substr(0, bytes.size() - static_cast<unsigned char>(bytes[1]) % 64 % bytes.size()),
      bytes};
  for (const std::size_t first : {0, 1}) {
    for (const std::size_t count : {2, 3, 5}) {
      const auto some = std::span(chunks).subspan(first, count);
      storage::SampleColumns expected;
      bool good = true;
      for (const std::string_view one : some) good = good && decode_chunk(Encoding::kXor, one, expected);
      storage::SampleColumns in;
      check(decode_xor_chunks(some, in) == good, "chunks, or none");
      if (!good) expected.clear();
      check(in.times == expected.times && in.values.size() == expected.values.size(), "the same times");
      check(in.size() == 0 || std::memcmp(in.values.data(), expected.values.data(), in.size() * sizeof(double)) == 0,
            "the same values");
    }
  }
}

void read_and_write_again(Encoding encoding, std::string_view bytes) {
  storage::SampleColumns in;
  if (!decode_chunk(encoding, bytes, in)) {
    check(in.times.empty() && in.values.empty() && in.starts.empty() && in.histograms.empty(), "untouched");
    return;
  }
  check(in.size() == sample_count(encoding, bytes), "as many as it says");
  std::vector<EncodedChunk> chunks;
  encode_chunks(in, 0, in.size(), {}, chunks);
  storage::SampleColumns out;
  for (const auto& chunk : chunks) check(decode_chunk(chunk.encoding, chunk.data, out), "what we write can be read");
  check(in.times == out.times, "times come back");
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto* const h = in.histograms.empty() ? nullptr : in.histograms[i].get();
    if (h) {
      check_same(*h, *out.histograms[i]);
    } else {
      check(same_bits(in.values[i], out.values[i]), "values come back");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto encoding = static_cast<Encoding>(1 + static_cast<unsigned>(data[0]) % 6);
  if (encoding == Encoding::kXor) {
    compare_with_naive(bytes.substr(1));
    compare_with_each_alone(bytes.substr(1));
  }
  read_and_write_again(encoding, bytes.substr(1));
  return 0;
}
