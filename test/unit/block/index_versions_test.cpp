// Indexes that other versions of Prometheus wrote, built here by hand.
#include <map>

#include "base/rng.hpp"
#include "block/format.hpp"
#include "block/index_reader.hpp"
#include "block/select.hpp"
#include "blocks.hpp"

namespace tocsin::block {
namespace {

using model::Labels;
using model::Matcher;
using model::MatchOp;

void put_section(std::string& out, const std::string& body) {
  put_be32(out, static_cast<std::uint32_t>(body.size()));
  out += body;
  put_be32(out, crc32c(body));
}

/// An index of version 1: symbols and series are named by their offset, and the table of lists is in any order.
std::string index_of_version_1(const std::vector<Labels>& series, bool list_twice = false) {
  std::string out;
  put_be32(out, kIndexMagic);
  out += '\x01';
  std::map<std::string, std::uint64_t> symbols;
  for (const Labels& labels : series) {
    for (const model::LabelView& label : labels) {
      symbols.emplace(label.name, 0);
      symbols.emplace(label.value, 0);
    }
  }
  const std::uint64_t symbols_at = out.size();
  std::string body;
  put_be32(body, static_cast<std::uint32_t>(symbols.size()));
  for (auto& [text, offset] : symbols) {
    offset = symbols_at + 4 + body.size();
    put_text(body, text);
  }
  put_section(out, body);

  const std::uint64_t series_at = out.size();
  std::map<std::pair<std::string, std::string>, std::vector<std::uint32_t>, std::greater<>> lists;
  for (const Labels& labels : series) {
    const auto ref = static_cast<std::uint32_t>(out.size());
    body.clear();
    put_varint(body, labels.size());
    for (const model::LabelView& label : labels) {
      put_varint(body, symbols.at(std::string(label.name)));
      put_varint(body, symbols.at(std::string(label.value)));
      lists[{std::string(label.name), std::string(label.value)}].push_back(ref);
    }
    lists[{"", ""}].push_back(ref);
    put_varint(body, 2);
    put_signed(body, -5);  // -5..10, then 20..20
    put_varint(body, 15);
    put_varint(body, 8);
    put_varint(body, 10);
    put_varint(body, 0);
    put_signed(body, 32);
    put_varint(out, body.size());
    out += body;
    put_be32(out, crc32c(body));
  }
  const std::uint64_t postings_at = out.size();
  std::string table;
  put_be32(table, static_cast<std::uint32_t>(lists.size() + (list_twice ? 1 : 0)));
  for (const auto& [pair, refs] : lists) {
    for (int i = list_twice && &pair == &lists.begin()->first ? 2 : 1; i > 0; --i) {
      put_varint(table, kPostingsKeys);
      put_text(table, pair.first);
      put_text(table, pair.second);
      put_varint(table, out.size());
    }
    body.clear();
    put_be32(body, static_cast<std::uint32_t>(refs.size()));
    for (const std::uint32_t ref : refs) put_be32(body, ref);
    put_section(out, body);
  }
  const std::uint64_t table_at = out.size();
  put_section(out, table);
  std::string toc;
  for (const std::uint64_t at : {symbols_at, series_at, std::uint64_t{0}, std::uint64_t{0}, postings_at, table_at}) {
    put_be64(toc, at);
  }
  put_be32(toc, crc32c(toc));
  return out + toc;
}

std::vector<Labels> some_series() {
  std::vector<Labels> series;
  for (int i = 0; i < 100; ++i) {
    series.push_back({{"a", std::to_string(i % 7)}, {"b", "x" + std::to_string(i)}, {"c", i % 2 == 0 ? "" : "odd"}});
  }
  std::ranges::sort(series);
  return series;
}

Result<std::unique_ptr<IndexReader>> open_bytes(const std::string& bytes) {
  MemFs fs;
  must(must(fs.open_append("index"))->append(bytes));
  return IndexReader::open(fs, "index");
}

void check_series(const IndexReader& index, const std::vector<Labels>& series) {
  const auto refs = must(index.all_series());
  REQUIRE(refs.size() == series.size());
  for (std::size_t i = 0; i < refs.size(); ++i) {
    Labels labels;
    must(index.series(refs[i], &labels, nullptr));
    CHECK(labels == series[i]);
    CHECK(must(index.label_value(refs[i], "b")) == series[i].get("b"));
  }
  for (const MatchOp op : {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex, MatchOp::kNotRegex}) {
    for (const auto& [name, value] :
         {std::pair("a", "3"), std::pair("b", "x1.*"), std::pair("c", ""), std::pair("c", "odd")}) {
      const std::vector<Matcher> matchers = {*Matcher::make(op, name, value)};
      storage::Ids expected;
      for (std::size_t i = 0; i < refs.size(); ++i) {
        if (match_all(matchers, series[i])) expected.push_back(refs[i]);
      }
      CHECK(must(select_series(index, matchers)) == expected);
    }
  }
}

TEST_CASE("version 1 is read, whose table of lists is not sorted") {
  const auto series = some_series();
  const auto index = must(open_bytes(index_of_version_1(series)));
  CHECK(index->version() == 1);
  check_series(*index, series);
  std::vector<ChunkMeta> chunks;
  must(index->series(must(index->all_series())[0], nullptr, &chunks));
  REQUIRE(chunks.size() == 2);
  CHECK((chunks[0].min_time == -5 && chunks[0].max_time == 10 && chunks[0].ref == 8));
  CHECK((chunks[1].min_time == 20 && chunks[1].max_time == 20 && chunks[1].ref == 40));
  std::vector<std::string_view> names;
  for (const IndexReader::Name& name : index->names()) names.push_back(name.name);
  CHECK(names == std::vector<std::string_view>{"", "a", "b", "c"});
}

TEST_CASE("version 1 that is cut or damaged is refused or read rightly") {
  const auto series = some_series();
  const std::string bytes = index_of_version_1(series);
  for (std::size_t size = 0; size < bytes.size(); size += 3) CHECK_FALSE(open_bytes(bytes.substr(0, size)));
  Rng rng(1);
  for (std::size_t at = 5; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (rng.next() % 8)));
    const auto index = open_bytes(damaged);
    if (!index) continue;
    const auto refs = (*index)->all_series();
    for (std::size_t i = 0; refs && i < refs->size(); ++i) {
      Labels labels;
      if ((*index)->series((*refs)[i], &labels, nullptr)) REQUIRE(labels == series[i]);
    }
  }
}

TEST_CASE("a label pair that has two lists is refused in version 1") {
  const auto index = open_bytes(index_of_version_1(some_series(), true));
  REQUIRE_FALSE(index);
  CHECK_THAT(index.error().message, Catch::Contains("stands twice"));
}

TEST_CASE("versions 2 and 3 are read alike, others are refused") {
  std::vector<SeriesToWrite> series;
  for (const Labels& labels : some_series()) {
    series.push_back({labels, {opaque_chunk(kBlockStart, kBlockStart, "x")}});
  }
  MemFs fs;
  const auto block = write_block(fs, series);
  std::string bytes = must(fs.read_file(block->path() + "/index"));
  for (const char version : {'\x02', '\x03'}) {
    bytes[4] = version;
    const auto index = must(open_bytes(bytes));
    CHECK(index->version() == version);
    check_series(*index, some_series());
  }
  for (const char version : {'\x00', '\x04', '\xff'}) {
    bytes[4] = version;
    const auto index = open_bytes(bytes);
    REQUIRE_FALSE(index);
    CHECK_THAT(index.error().message, Catch::Contains("unknown index file version"));
  }
}

}  // namespace
}  // namespace tocsin::block
