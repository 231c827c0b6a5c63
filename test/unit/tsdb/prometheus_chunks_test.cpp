// Files of head chunks, written here by hand: whole, cut, damaged, missing.
#include "tsdb/prometheus_chunks.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/mem_fs.hpp"
#include "support/prometheus_files.hpp"

namespace tocsin::tsdb {
namespace {

using test::PromChunkFile;

constexpr const char* kFolder = "/data/chunks_head";
const std::string kData("\0\1some bytes of samples", 23);

PromChunkFile file_of(std::uint64_t first_ref, int chunks) {
  PromChunkFile file;
  for (int i = 0; i < chunks; ++i)
    file.add(first_ref + static_cast<std::uint64_t>(i), i * 10, i * 10 + 9, 1, kData, i % 2 == 1);
  return file;
}

void put(Fs& fs, const std::string& name, std::string_view bytes) {
  REQUIRE(fs.create_directories(kFolder));
  REQUIRE(fs.write_file_atomic(fmt::format("{}/{}", kFolder, name), bytes));
}

struct Read {
  std::string chunks;  // "ref[first..last]", a ' behind those of late samples
  std::vector<std::string> messages;
};

Read read(Fs& fs) {
  Read out;
  PrometheusChunks reader(fs, kFolder);
  const auto done = reader.read(
      [&](const PrometheusChunk& chunk) -> Result<void> {
        CHECK(chunk.encoding == 1);
        CHECK(chunk.data == kData);
        out.chunks += fmt::format("{}[{}..{}]{}", chunk.series, chunk.first, chunk.last, chunk.late ? "' " : " ");
        return {};
      },
      [&](std::string text) { out.messages.push_back(std::move(text)); });
  REQUIRE(done);
  return out;
}

TEST_CASE("chunks of several files are told in order, with the bit of late ones; zeros end a file") {
  MemFs fs;
  put(fs, "000007", file_of(1, 2).bytes() + std::string(100, '\0'));
  put(fs, "000008", file_of(3, 1).bytes() + std::string(20, '\0'));
  put(fs, "000009", file_of(4, 1).bytes());
  put(fs, "000010", "");  // begun by a process that died
  put(fs, "readme", "not a file of chunks");
  const auto all = read(fs);
  CHECK(all.chunks == "1[0..9] 2[10..19]' 3[0..9] 4[0..9] ");
  CHECK(all.messages.empty());
  for (const std::string& unwritten : {std::string(4, '\0'), std::string("\x01"), std::string(64, '\0')}) {
    put(fs, "000010", unwritten);
    CHECK(read(fs).messages.empty());
  }
}

TEST_CASE("no folder, and a folder without files, have no chunks") {
  MemFs fs;
  CHECK(*PrometheusChunks(fs, kFolder).exist() == false);
  CHECK(read(fs).chunks.empty());
  REQUIRE(fs.create_directories(kFolder));
  CHECK(*PrometheusChunks(fs, kFolder).exist() == false);
  put(fs, "000001", "");
  CHECK(*PrometheusChunks(fs, kFolder).exist());
}

TEST_CASE("a missing file ends the reading, and so does a file of another kind") {
  MemFs fs;
  put(fs, "000001", file_of(1, 1).bytes());
  put(fs, "000004", file_of(2, 1).bytes());
  auto all = read(fs);
  CHECK(all.chunks == "1[0..9] ");
  REQUIRE(all.messages.size() == 1);
  CHECK(all.messages[0].starts_with("files 2 to 3 of /data/chunks_head are missing"));
  struct Case {
    std::string bytes;
    std::string reason;
  };
  const Case cases[] = {
      {"", "the header is cut off"},
      {std::string("\x85\xbd\x40\xdd\1\0\0\0", 8), "invalid magic number 85bd40dd"},
      {std::string("\x01\x30\xbc\x91\2\0\0\0", 8), "invalid chunk format version 2"},
      {file_of(2, 1).bytes() + std::string(100, '\0') + "x", "zeros instead of a chunk"},
      {file_of(2, 1).bytes() + std::string(20, '\0') + "x", "a chunk is cut off"},
  };
  for (const auto& [bytes, reason] : cases) {
    put(fs, "000002", bytes);
    put(fs, "000003", file_of(3, 1).bytes());
    all = read(fs);
    INFO(reason);
    CHECK(all.chunks.find("3[") == std::string::npos);
    REQUIRE(all.messages.size() == 1);
    CHECK(all.messages[0].find("/data/chunks_head/000002 is damaged at offset ") == 0);
    CHECK(all.messages[0].find("(" + reason + ")") != std::string::npos);
  }
}

TEST_CASE("a file that is cut or has a wrong bit gives the chunks before that place, and says so") {
  const PromChunkFile whole = file_of(1, 3);
  const std::string bytes = whole.bytes();
  const std::string expected = "1[0..9] 2[10..19]' 3[20..29] ";
  for (std::size_t at = 0; at < 9 * bytes.size(); ++at) {
    std::string bad = bytes.substr(0, at);
    if (at >= bytes.size()) {
      bad = bytes;
      const std::size_t bit = at - bytes.size();
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    }
    MemFs fs;
    put(fs, "000001", bad);
    put(fs, "000002", file_of(9, 1).bytes());
    const auto all = read(fs);
    INFO(at << " of " << bytes.size());
    REQUIRE(all.messages.size() <= 1);
    if (all.messages.empty()) {
      // Cut between chunks, or in bytes that say nothing (the padding of the header).
      const bool between = at < bytes.size() && (all.chunks.empty() || all.chunks.ends_with("9[0..9] "));
      const bool padding = at >= bytes.size() && all.chunks == expected + "9[0..9] ";
      REQUIRE((between || padding));
      continue;
    }
    REQUIRE(expected.starts_with(all.chunks));
    REQUIRE(all.chunks.size() < expected.size());
  }
}

}  // namespace
}  // namespace tocsin::tsdb
