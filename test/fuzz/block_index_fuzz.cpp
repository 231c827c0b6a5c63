// Any bytes as an index, its checksums put right so that they do not guard what is behind them: refused, or read whole,
// and each selection is what the matchers say of each series.
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "base/mem_fs.hpp"
#include "block/format.hpp"
#include "block/index_reader.hpp"
#include "block/select.hpp"

using namespace tocsin;
using namespace tocsin::block;

namespace {

void put_be32_at(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::string text;
  put_be32(text, value);
  bytes.replace(at, text.size(), text);
}

/// The checksum of a section behind a length of four bytes.
void seal_section(std::string& bytes, std::uint64_t at) {
  if (at > bytes.size() || bytes.size() - at < 8) return;
  ByteReader in(std::string_view(bytes).substr(at));
  const std::uint32_t size = get_be32(in);
  const std::string_view body = in.take(size);
  if (in.failed() || in.left() < kCrcBytes) return;
  put_be32_at(bytes, at + 4 + size, crc32c(body));
}

void seal_series(std::string& bytes, std::uint64_t at) {
  if (at >= bytes.size()) return;
  ByteReader in(std::string_view(bytes).substr(at));
  const std::string_view body = in.text();
  if (in.failed() || in.left() < kCrcBytes) return;
  put_be32_at(bytes, static_cast<std::size_t>(body.data() - bytes.data()) + body.size(), crc32c(body));
}

std::string sealed(std::string bytes) {
  if (bytes.size() < kIndexHeaderBytes + kTocBytes) return bytes;
  const std::size_t toc = bytes.size() - kTocBytes;
  ByteReader in(std::string_view(bytes).substr(toc));
  const std::uint64_t symbols = get_be64(in);
  const std::uint64_t series = get_be64(in);
  get_be64(in);
  get_be64(in);
  const std::uint64_t postings = get_be64(in);
  const std::uint64_t table = get_be64(in);
  for (std::uint64_t at = series; at < postings && at < bytes.size(); at += kSeriesAlign) seal_series(bytes, at);
  for (std::uint64_t at = postings; at < table && at < bytes.size(); at += kPostingsAlign) seal_section(bytes, at);
  seal_section(bytes, symbols);
  seal_section(bytes, table);
  put_be32_at(bytes, bytes.size() - kCrcBytes, crc32c(std::string_view(bytes).substr(toc, kTocBytes - kCrcBytes)));
  return bytes;
}

void read_all(const IndexReader& index) {
  for (const IndexReader::Name& name : index.names()) {
    std::uint32_t values = 0;
    const auto read = index.each_value(name, "", [&](std::string_view value, std::uint64_t offset) {
      ++values;
      const auto found = index.find_list(name, value);
      check(found && *found == offset, "a value is found where it stands");
      (void)index.list(offset);
      return true;
    });
    check(!read || values == name.values, "all values are seen");
  }
  const auto all = index.all_series();
  if (!all) return;
  model::Labels labels;
  std::vector<ChunkMeta> chunks;
  for (const std::uint32_t ref : *all) (void)index.series(ref, &labels, &chunks);
  for (const auto op :
       {model::MatchOp::kEqual, model::MatchOp::kNotEqual, model::MatchOp::kRegex, model::MatchOp::kNotRegex}) {
    for (const char* const value : {"", "1", ".+", "a.*"}) {
      (void)select_series(index, {{*model::Matcher::make(op, "a", value)}});
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool seal : {false, true}) {
    MemFs fs;
    check((*fs.open_append("index"))->append(seal ? sealed(bytes) : bytes).has_value(), "a file in memory");
    const auto index = IndexReader::open(fs, "index");
    if (!index) {
      check(index.error().code == Errc::kCorrupt, "the reason is the bytes");
      continue;
    }
    read_all(**index);
  }
  return 0;
}
