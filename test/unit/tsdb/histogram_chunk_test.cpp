// Native histograms through the head: what is read, what it takes.
#include "tsdb/histogram_chunk.hpp"

#include <limits>

#include "store.hpp"
#include "unit/chunkenc/samples.hpp"

namespace tocsin::tsdb {
namespace {

using chunkenc::test::HistogramSource;
using model::CounterReset;
using model::FloatHistogram;

const model::Labels kSeries{{"__name__", "latency"}};

storage::AppendStatus append(storage::Appendable& db, Timestamp t, const FloatHistogram& h, Timestamp start = 0) {
  auto appender = db.appender();
  const auto result = appender->append_histogram(0, &kSeries, t, std::make_shared<FloatHistogram>(h), start);
  REQUIRE(appender->commit());
  return result.status;
}

storage::SampleColumns read(storage::Queryable& db, Timestamp start = kMinTimestamp, Timestamp end = kMaxTimestamp) {
  const auto all = test::read_all(db, start, end, {});
  REQUIRE(all.size() == 1);
  return all[0].samples;
}

FloatHistogram counted(double scale) {
  FloatHistogram h;
  h.integer = true;
  h.schema = 3;
  h.zero_threshold = 0x1p-128;
  h.positive_spans = {{-10, 40}};
  for (int i = 0; i < 40; ++i) h.positive_buckets.push_back(std::floor(scale * (1 + i % 7)));
  for (const double c : h.positive_buckets) h.count += c;
  h.sum = h.count * 0.37;
  return h;
}

TEST_CASE("histograms of all kinds are read as they were appended, before and after a restart") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    MemFs fs;
    TsdbOptions options = options_for(fs);
    options.wal_segment_bytes = 6000;
    options.open_chunk_time = std::chrono::minutes(5);
    auto db = open_db(options);
    HistogramSource source(seed, seed % 2 == 0, seed % 5 == 0);
    storage::SampleColumns in;
    Timestamp t = 1'000'000;
    for (int i = 0; i < 260; ++i) {
      t += 15'000;
      const FloatHistogram h = source.next();
      const Timestamp start = i < 30 || i > 200 ? 0 : i < 100 ? 500'000 : 1'900'000;
      if (model::is_stale(h)) {
        CHECK(add(*db, kSeries, t, model::stale_nan()) == storage::AppendStatus::kOk);
        in.starts.push_back(0);
      } else {
        CHECK(append(*db, t, h, start) == storage::AppendStatus::kOk);
        in.starts.push_back(start);
      }
      chunkenc::test::add(in, t, h);
      if (i % 40 == 39) REQUIRE(db->maintain());
      if (i % 100 == 99) REQUIRE(db->checkpoint());
    }
    const auto check = [&] {
      const auto out = read(*db);
      REQUIRE(out.times == in.times);
      CHECK(out.starts == in.starts);
      for (std::size_t i = 0; i < in.size(); ++i) {
        // A marker after a restart, or after a chunk that was completed for its age, may be that of a float.
        if (model::is_stale(*in.histograms[i])) {
          CHECK((out.histograms[i] ? model::is_stale(*out.histograms[i]) : model::is_stale(out.values[i])));
          continue;
        }
        REQUIRE(out.histograms[i]);
        CHECK(chunkenc::test::same_histogram(*out.histograms[i], *in.histograms[i]));
        CHECK(out.histograms[i]->integer == in.histograms[i]->integer);
      }
    };
    check();
    db = nullptr;
    db = open_db(options);
    check();
  }
}

TEST_CASE("within a chunk a counter histogram says that there was no reset; the next chunk does not know") {
  MemFs fs;
  auto db = open_db(fs);
  const double scales[] = {1, 2, 3, 1, 2};
  for (int i = 0; i < 5; ++i) append(*db, 1000 + i, counted(scales[i]));
  const auto out = read(*db);
  REQUIRE(out.size() == 5);
  const CounterReset hints[] = {CounterReset::kUnknown, CounterReset::kNotReset, CounterReset::kNotReset,
                                CounterReset::kUnknown, CounterReset::kNotReset};
  // The first chunk of a series is shorter than others: it may have been cut before.
  for (int i = 0; i < 5; ++i) {
    const auto hint = out.histograms[static_cast<std::size_t>(i)]->reset_hint;
    CHECK((hint == hints[i] || (hint == CounterReset::kUnknown && i != 4)));
  }
  CHECK(out.histograms[3]->reset_hint == CounterReset::kUnknown);
}

TEST_CASE("the same histogram at the same time again is nothing new, with other buckets that are empty too") {
  MemFs fs;
  auto db = open_db(fs);
  FloatHistogram h = counted(1);
  append(*db, 1000, h);
  h.positive_spans[0].length += 2;
  h.positive_buckets.resize(42);
  CHECK(append(*db, 1000, h) == storage::AppendStatus::kOk);
  h.sum += 1;
  CHECK(append(*db, 1000, h) == storage::AppendStatus::kDuplicate);
  CHECK(add(*db, kSeries, 1000, 1) == storage::AppendStatus::kDuplicate);
  CHECK(read(*db).size() == 1);
}

TEST_CASE("what makes no sense is refused") {
  MemFs fs;
  auto db = open_db(fs);
  FloatHistogram h = counted(1);
  h.count += 1;
  CHECK(append(*db, 1000, h) == storage::AppendStatus::kInvalidHistogram);
  h = counted(1);
  h.schema = 9;
  CHECK(append(*db, 1000, h) == storage::AppendStatus::kInvalidHistogram);
}

std::size_t bytes_in(Fs& fs, const std::string& folder) {
  const auto names = fs.list(folder);
  REQUIRE(names);
  std::size_t bytes = 0;
  for (const auto& name : *names) {
    bytes += fs.read_file(folder + "/" + name, std::numeric_limits<std::uint32_t>::max())->size();
  }
  return bytes;
}

TEST_CASE("a histogram of 40 buckets takes tens of bytes: in memory, in the log, in chunk files") {
  constexpr int kSamples = 480;
  MemFs fs;
  auto db = open_db(fs);
  OpenHistograms open;
  std::size_t most = 0;
  Rng rng(1);
  FloatHistogram h = counted(100);
  for (int i = 0; i < kSamples; ++i) {
    for (int k = 0; k < 30; ++k) h.positive_buckets[(rng.next() % 40 + rng.next() % 40) / 2] += 1;
    h.count += 30;
    h.sum += 30 * rng.uniform();
    const Timestamp t = 1'700'000'000'000 + i * 15'000;
    append(*db, t, h);
    const bool here = i > 0 && open.judge(h, 120).here;
    if (here) {
      open.append(t, h, 0);
    } else {
      open = {};
      open.begin(t, h, 0, chunkenc::ResetHeader::kUnknown);
    }
    most = std::max(most, open.bytes());
  }
  const double log_bytes = static_cast<double>(bytes_in(fs, "/data/tocsin/wal")) / kSamples;
  CHECK(log_bytes < 80);
  REQUIRE(db->checkpoint());
  db = nullptr;
  const double file_bytes = static_cast<double>(bytes_in(fs, "/data/tocsin/chunks")) / kSamples;
  CHECK(file_bytes < 40);
  CHECK(most < 4096);
  WARN("a series of histograms of 40 buckets: at most " << most << " bytes for its open chunk, " << log_bytes
                                                        << " bytes a sample in the log, " << file_bytes
                                                        << " in chunk files");
}

TEST_CASE("starts of a chunk that is damaged are refused or padded") {
  OpenHistograms open;
  open.begin(1000, counted(1), 0, chunkenc::ResetHeader::kUnknown);
  open.append(2000, counted(2), 500);
  open.append(3000, counted(3), 500);
  open.append(4000, counted(4), 0);
  std::string data;
  open.encode(data);
  storage::SampleColumns out;
  REQUIRE(decode_histogram_chunk(open.encoding(), data, out));
  CHECK(out.starts == std::vector<Timestamp>{0, 500, 500, 0});
  for (std::size_t size = 0; size < data.size(); ++size) {
    storage::SampleColumns cut;
    CHECK_FALSE(decode_histogram_chunk(open.encoding(), std::string_view(data).substr(0, size), cut));
    CHECK(cut.size() == 0);
  }
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    std::string bad = data;
    bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ 1U << bit % 8);
    storage::SampleColumns some;
    if (decode_histogram_chunk(open.encoding(), bad, some)) {
      CHECK((some.starts.empty() || some.starts.size() == some.size()));
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
