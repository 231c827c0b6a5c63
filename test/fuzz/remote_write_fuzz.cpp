// Any bytes as a write request of either version, and as a snappy block: refused with a place within the body, or read
// into views of the body; and an obvious walk over the fields sees the same series.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "model/histogram.hpp"
#include "support/naive_protobuf.hpp"
#include "wire/remote_write.hpp"
#include "wire/snappy.hpp"

using namespace tocsin;
using namespace tocsin::wire;

namespace {

bool within(std::string_view text, std::string_view body) {
  return text.empty() || (text.data() >= body.data() && text.data() + text.size() <= body.data() + body.size());
}

std::size_t count_fields(std::string_view message, std::uint32_t number) {
  std::size_t count = 0;
  for (const auto& field : test::pb_fields(message)) count += field.number == number ? 1 : 0;
  return count;
}

void judge_labels(const std::vector<model::LabelView>& labels, std::string_view body) {
  for (const auto& label : labels) check(within(label.name, body) && within(label.value, body), "views into the body");
}

void read(WriteVersion version, std::string_view body) {
  WriteReader reader(version, body);
  WriteSeries series;
  std::vector<std::string_view> messages;
  bool walked = true;
  try {
    for (const auto& field : test::pb_fields(body)) {
      if (field.number == (version == WriteVersion::k1 ? 1 : 5) && field.type == 2) messages.push_back(field.bytes);
    }
  } catch (const std::runtime_error&) {
    walked = false;
  }
  std::size_t seen = 0;
  WriteReader later(version, body, {}, 5);
  WriteSeries bare;
  while (reader.next(series)) {
    check(later.next(bare) && later.read_labels(bare), "labels that are read later are read");
    check(std::ranges::equal(bare.labels, series.labels,
                             [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; }),
          "and are the same");
    judge_labels(series.labels, body);
    for (const auto& exemplar : series.exemplars) judge_labels(exemplar.labels, body);
    for (const auto& one : series.histograms) check(one.histogram != nullptr, "a histogram is there");
    check(series.labels.size() * 2 <= series.label_refs.size() || version == WriteVersion::k1, "two for each");
    if (walked) {
      check(seen < messages.size(), "no more series than there are");
      check(series.samples.size() == count_fields(messages[seen], 2), "all samples");
      check(series.histograms.size() == count_fields(messages[seen], version == WriteVersion::k1 ? 4 : 3),
            "all histograms");
    }
    ++seen;
  }
  if (walked && reader.status()) check(seen == messages.size(), "all series");
  check(!reader.next(series), "the end stays the end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  read(WriteVersion::k1, body);
  read(WriteVersion::k2, body);
  constexpr std::size_t kLimit = 1U << 20U;
  if (const auto decoded = snappy_decode(body, kLimit)) {
    check(decoded->size() <= kLimit, "no more than the limit");
    std::string again;
    snappy_encode(*decoded, again);
    check(snappy_decode(again, kLimit).value() == *decoded, "what is encoded is decoded");
    read(WriteVersion::k1, *decoded);
  }
  return 0;
}
