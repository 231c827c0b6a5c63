// The checkpoint's bytes: what is written is read, and damage is found.
#include "tsdb/checkpoint.hpp"

#include <catch2/catch.hpp>

namespace tocsin::tsdb {
namespace {

Checkpoint some_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.index_file = 3;
  checkpoint.index_bytes = 4711;
  checkpoint.first_segment = 7;
  checkpoint.defined = {9, 1234};
  checkpoint.chunks_end = make_chunk_ref(5, 100);
  checkpoint.files = {{4, 1000}, {5, 2000}};
  checkpoint.next_series = 50;
  checkpoint.next_pair = 60;
  checkpoint.min_time = -5;
  checkpoint.max_time = 2500;
  checkpoint.series = {{0, 0, kMinTimestamp}, {7, make_chunk_ref(4, 16), 900}, {49, make_chunk_ref(5, 60), 2000}};
  checkpoint.late = {{7, make_chunk_ref(5, 80), 800}, {12, make_chunk_ref(4, 30), -3}};
  checkpoint.deletions = {{0, -10, 20, 0}, {0, 500, 500, make_chunk_ref(5, 1)}, {49, 0, 2000, make_chunk_ref(4, 16)}};
  return checkpoint;
}

TEST_CASE("a checkpoint tells what was written into it") {
  const Checkpoint in = some_checkpoint();
  const auto out = decode_checkpoint(encode_checkpoint(in));
  REQUIRE(out);
  CHECK(out->first_segment == in.first_segment);
  CHECK(out->chunks_end == in.chunks_end);
  REQUIRE(out->series.size() == 3);
  CHECK(out->series[0].last_time == kMinTimestamp);
  CHECK(out->series[2].tail == in.series[2].tail);
  REQUIRE(out->late.size() == 2);
  CHECK(out->late[0].id == 7);
  CHECK(out->late[0].tail == in.late[0].tail);
  CHECK(out->late[0].newest == 800);
  CHECK(out->late[1].id == 12);
  CHECK(out->late[1].newest == -3);
  REQUIRE(out->deletions.size() == 3);
  CHECK(out->deletions[1].id == 0);
  CHECK(out->deletions[1].start == 500);
  CHECK(out->deletions[1].end == 500);
  CHECK(out->deletions[2].id == 49);
  CHECK(out->deletions[2].chunks_end == in.deletions[2].chunks_end);
}

TEST_CASE("a checkpoint that is cut or has a wrong byte is refused") {
  const std::string bytes = encode_checkpoint(some_checkpoint());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    CHECK_FALSE(decode_checkpoint(std::string_view(bytes).substr(0, size)));
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ 0x10U);
    INFO(at);
    CHECK_FALSE(decode_checkpoint(bad));
  }
}

}  // namespace
}  // namespace tocsin::tsdb
