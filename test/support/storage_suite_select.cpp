// Selecting: matchers, names and values, hints, summaries.
#include <cmath>

#include <catch2/catch.hpp>

#include "support/storage_suite.hpp"

namespace tocsin::test {
namespace {

using model::Labels;
using model::Matcher;
using model::MatchOp;

void fill(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const Labels all[] = {
      {{"n", "1"}},
      {{"n", "1"}, {"i", "a"}},
      {{"n", "1"}, {"i", "b"}},
      {{"n", "1"}, {"i", "\n"}},
      {{"n", "2"}},
      {{"n", "2.5"}, {"i", "c"}},
      {{"n", "abc"}, {"zone", "eu-west-1"}},
      {{"n", "abd"}, {"zone", "eu-west-2"}},
      {{"zone", "us-east-1"}},
  };
  for (const auto& labels : all) REQUIRE(appender->append(0, &labels, 1000, 1).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
}

std::string selected(StoreUnderTest& store, const std::vector<Matcher>& matchers) {
  std::string out;
  for (const auto& one : read_all(store.queryable(), 0, 2000, matchers)) out += one.labels.to_string();
  return out;
}

void matches_as_prometheus_does(StoreUnderTest& store) {
  fill(store);
  const auto eq = [](const char* n, const char* v) { return matcher(MatchOp::kEqual, n, v); };
  const auto ne = [](const char* n, const char* v) { return matcher(MatchOp::kNotEqual, n, v); };
  const auto re = [](const char* n, const char* v) { return matcher(MatchOp::kRegex, n, v); };
  const auto nre = [](const char* n, const char* v) { return matcher(MatchOp::kNotRegex, n, v); };
  const std::string n1 = "{n=\"1\"}";
  const std::string n1a = "{i=\"a\", n=\"1\"}";
  const std::string n1b = "{i=\"b\", n=\"1\"}";
  const std::string n1nl = "{i=\"\\n\", n=\"1\"}";
  const std::string n2 = "{n=\"2\"}";
  const std::string n25c = "{i=\"c\", n=\"2.5\"}";
  const std::string abc = "{n=\"abc\", zone=\"eu-west-1\"}";
  const std::string abd = "{n=\"abd\", zone=\"eu-west-2\"}";
  const std::string us = "{zone=\"us-east-1\"}";
  struct Row {
    std::vector<Matcher> matchers;
    std::string expected;
  };
  const Row rows[] = {
      {{}, n1nl + n1a + n1b + n25c + n1 + n2 + abc + abd + us},
      {{eq("n", "1")}, n1nl + n1a + n1b + n1},
      {{eq("n", "1"), eq("i", "a")}, n1a},
      {{eq("n", "1"), eq("i", "missing")}, ""},
      {{eq("missing", "")}, n1nl + n1a + n1b + n25c + n1 + n2 + abc + abd + us},
      {{eq("missing", "x")}, ""},
      {{ne("missing", "")}, ""},
      {{ne("missing", "x")}, n1nl + n1a + n1b + n25c + n1 + n2 + abc + abd + us},
      {{ne("n", "1")}, n25c + n2 + abc + abd + us},
      {{eq("n", "1"), ne("i", "a")}, n1nl + n1b + n1},
      {{eq("n", "1"), eq("i", "")}, n1},
      {{eq("n", "1"), ne("i", "")}, n1nl + n1a + n1b},
      {{ne("i", "")}, n1nl + n1a + n1b + n25c},
      {{eq("i", "")}, n1 + n2 + abc + abd + us},
      {{re("n", "^1$")}, n1nl + n1a + n1b + n1},
      {{eq("n", "1"), re("i", "^a$")}, n1a},
      {{eq("n", "1"), re("i", "^a?$")}, n1a + n1},
      {{re("i", "^$")}, n1 + n2 + abc + abd + us},
      {{eq("n", "1"), re("i", "^.*$")}, n1nl + n1a + n1b + n1},
      {{eq("n", "1"), re("i", "^.+$")}, n1nl + n1a + n1b},
      {{re("i", ".*")}, n1nl + n1a + n1b + n25c + n1 + n2 + abc + abd + us},
      {{re("i", ".+")}, n1nl + n1a + n1b + n25c},
      {{nre("n", "^1$")}, n25c + n2 + abc + abd + us},
      {{nre("n", "1")}, n25c + n2 + abc + abd + us},
      {{nre("n", "1|2.5")}, n2 + abc + abd + us},
      {{eq("n", "1"), nre("i", "^a$")}, n1nl + n1b + n1},
      {{eq("n", "1"), nre("i", "^a?$")}, n1nl + n1b},
      {{eq("n", "1"), nre("i", "^$")}, n1nl + n1a + n1b},
      {{nre("i", "^.*$")}, ""},
      {{nre("i", ".+")}, n1 + n2 + abc + abd + us},
      {{eq("n", "1"), ne("i", ""), eq("i", "a")}, n1a},
      {{eq("n", "1"), ne("i", "b"), re("i", "^(b|a).*$")}, n1a},
      {{re("n", "(1|2)")}, n1nl + n1a + n1b + n1 + n2},
      {{re("n", "a|b")}, ""},
      {{re("n", "1|2|abc")}, n1nl + n1a + n1b + n1 + n2 + abc},
      {{re("n", "ab.*")}, abc + abd},
      {{re("n", "ab[a-c]")}, abc},
      {{re("zone", "eu-west-.+"), nre("n", "abd")}, abc},
      {{re("zone", "|us-east-1")}, n1nl + n1a + n1b + n25c + n1 + n2 + us},
      {{re("zone", "eu.*|us.*")}, abc + abd + us},
      {{nre("zone", "eu.*"), ne("zone", "")}, us},
      {{re("i", "a|\n|c")}, n1nl + n1a + n25c},
      {{re("i", "(?i)A")}, n1a},
      {{re("n", "2.5")}, n25c},
      {{ne("n", "1"), ne("n", "2"), ne("zone", "us-east-1"), eq("i", "")}, abc + abd},
  };
  for (const auto& row : rows) {
    std::string text;
    for (const auto& m : row.matchers) text += m.to_string() + " ";
    INFO(text);
    CHECK(selected(store, row.matchers) == row.expected);
  }
}

void lists_names_and_values(StoreUnderTest& store) {
  fill(store);
  auto querier = std::move(*store.queryable().querier(0, 2000));
  using Texts = std::vector<std::string>;
  CHECK(*querier->label_names({}, 0) == Texts{"i", "n", "zone"});
  CHECK(*querier->label_names({}, 2) == Texts{"i", "n"});
  CHECK(*querier->label_values("n", {}, 0) == Texts{"1", "2", "2.5", "abc", "abd"});
  CHECK(*querier->label_values("n", {}, 3) == Texts{"1", "2", "2.5"});
  CHECK(querier->label_values("missing", {}, 0)->empty());
  const std::vector<Matcher> with_zone{matcher(MatchOp::kNotEqual, "zone", "")};
  CHECK(*querier->label_names(with_zone, 0) == Texts{"n", "zone"});
  CHECK(*querier->label_values("n", with_zone, 0) == Texts{"abc", "abd"});
  CHECK(*querier->label_values("n", with_zone, 1) == Texts{"abc"});
  auto later = std::move(*store.queryable().querier(1001, 2000));
  CHECK(later->label_names({}, 0)->empty());
  CHECK(later->label_values("n", {}, 0)->empty());
  CHECK(later->label_values("n", with_zone, 0)->empty());
}

void heeds_hints(StoreUnderTest& store) {
  fill(store);
  auto querier = std::move(*store.queryable().querier(0, 2000));
  auto sorted = querier->select({.start = 0, .end = 2000, .sorted = true}, {});
  Labels last;
  int count = 0;
  while (sorted->next()) {
    CHECK(last < sorted->labels());
    last = sorted->labels();
    ++count;
  }
  CHECK(count == 9);
  auto limited = querier->select({.start = 0, .end = 2000, .limit = 4}, {});
  for (int i = 0; i < 4; ++i) CHECK(limited->next());
  CHECK_FALSE(limited->next());
  auto before = querier->select({.start = 0, .end = 999}, {});
  CHECK_FALSE(before->next());
  auto after = querier->select({.start = 1001, .end = 2000}, {});
  CHECK_FALSE(after->next());
}

void names_series_by_ids(StoreUnderTest& store) {
  fill(store);
  auto querier = std::move(*store.queryable().querier(0, 2000));
  const auto all = read_all(*querier, 0, 2000, {});
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(all[i].id != all[j].id);
  }
  const auto one = read_all(*querier, 0, 2000, {matcher(MatchOp::kEqual, "n", "abc")});
  REQUIRE(one.size() == 1);
  CHECK(one[0].id == all[6].id);
}

/// What ChunkSummary says of samples, computed from them.
void check_summary(const storage::ChunkSummary& s, const storage::SampleColumns& columns) {
  std::vector<double> values;
  std::vector<Timestamp> times;
  bool stale = false;
  bool nan = false;
  REQUIRE(columns.size() > 0);
  CHECK(columns.histograms.empty());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double v = columns.values[i];
    if (model::is_stale(v)) {
      stale = true;
      continue;
    }
    nan = nan || std::isnan(v);
    values.push_back(v);
    times.push_back(columns.times[i]);
  }
  CHECK(s.first_time == columns.times.front());
  CHECK(s.last_time == columns.times.back());
  CHECK(s.count == values.size());
  CHECK(s.has_stale == stale);
  CHECK(s.has_nan == nan);
  CHECK(s.known());
  if (values.empty()) return;
  CHECK(s.first_at == times.front());
  CHECK(s.last_at == times.back());
  if (nan) return;
  std::uint32_t changes = 0;
  std::vector<double> resets;
  long double sum = values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    changes += values[i] != values[i - 1] ? 1 : 0;
    if (values[i] < values[i - 1]) resets.push_back(values[i - 1]);
    sum += static_cast<long double>(values[i]);
  }
  double increase = values.back() - values.front();
  for (const double v : resets) increase += v;
  const double mean = static_cast<double>(sum / static_cast<long double>(values.size()));
  long double m2 = 0;
  for (const double v : values) m2 += static_cast<long double>(v - mean) * static_cast<long double>(v - mean);
  CHECK(s.first == values.front());
  CHECK(s.last == values.back());
  CHECK(s.min == *std::ranges::min_element(values));
  CHECK(s.max == *std::ranges::max_element(values));
  CHECK(s.changes == changes);
  CHECK(s.resets == resets.size());
  CHECK((s.has_reset_values() ? s.reset_values == resets : s.reset_values.empty()));
  CHECK((s.has_reset_values() || resets.size() > storage::ChunkSummary::kMaxResetValues));
  if (!std::isfinite(static_cast<double>(sum))) return;
  if (s.has_reset_values()) {
    CHECK(s.increase == increase);
  } else {
    CHECK(s.increase == Approx(increase).epsilon(1e-12));
  }
  CHECK(s.sum == Approx(static_cast<double>(sum)).epsilon(1e-15).margin(1e-12));
  CHECK(s.sum + s.sum_error == s.sum);
  CHECK(s.mean == Approx(mean).epsilon(1e-12).margin(1e-300));
  if (!std::isfinite(static_cast<double>(m2))) return;
  // Far from zero, distances are as exact as the mean.
  const double rounding =
      1e-15 * std::abs(mean) * std::sqrt(static_cast<double>(m2) * static_cast<double>(values.size()));
  CHECK(s.m2 == Approx(static_cast<double>(m2)).epsilon(1e-12).margin(1e-12 + rounding));
}

}  // namespace

std::size_t check_summaries(storage::ChunkSummarySet& set, Timestamp start, Timestamp end) {
  std::vector<storage::ChunkSummary> summaries;
  std::vector<storage::TimeRange> rest;
  REQUIRE(set.summaries(start, end, summaries, rest));
  std::vector<storage::TimeRange> parts = rest;
  storage::SampleColumns columns;
  std::size_t samples = 0;
  for (const auto& s : summaries) {
    parts.push_back({s.first_time, s.last_time});
    REQUIRE(set.read(s.first_time, s.last_time, columns));
    check_summary(s, columns);
    samples += columns.size();
  }
  std::ranges::sort(parts, {}, &storage::TimeRange::start);
  Timestamp last = start - 1;
  for (const auto& part : parts) {
    CHECK(part.start > last);
    CHECK(part.end >= part.start);
    last = part.end;
  }
  CHECK(last <= end);
  CHECK(std::ranges::is_sorted(summaries, {}, &storage::ChunkSummary::first_time));
  CHECK(std::ranges::is_sorted(rest, {}, &storage::TimeRange::start));
  for (const auto& range : rest) {
    REQUIRE(set.read(range.start, range.end, columns));
    samples += columns.size();
  }
  REQUIRE(set.read(start, end, columns));
  CHECK(samples == columns.size());
  return summaries.size();
}

namespace {

void summarises_chunks(StoreUnderTest& store) {
  const Labels counter{{"__name__", "counter"}};
  const Labels gauge{{"__name__", "gauge"}};
  const Labels mixed{{"__name__", "mixed"}};
  auto appender = store.appendable().appender();
  double total = 0;
  for (int i = 0; i < 700; ++i) {
    total = i % 97 == 96 ? 3 : total + i % 5;
    REQUIRE(appender->append(0, &counter, i * 1000, total).status == storage::AppendStatus::kOk);
    double v = std::sin(i) * 1e3;
    if (i % 150 == 149) v = model::stale_nan();
    if (i == 333) v = std::bit_cast<double>(model::kNormalNanBits);
    if (i > 500) v = 42;
    REQUIRE(appender->append(0, &gauge, i * 1000, v).status == storage::AppendStatus::kOk);
    if (i / 200 % 2 == 0) {
      REQUIRE(appender->append(0, &mixed, i * 1000, i).status == storage::AppendStatus::kOk);
    } else {
      REQUIRE(appender->append_histogram(0, &mixed, i * 1000, some_histogram(i)).status == storage::AppendStatus::kOk);
    }
    REQUIRE(appender->commit());
  }
  auto querier = std::move(*store.queryable().querier(0, 700'000));
  for (const auto& [start, end] : {std::pair<Timestamp, Timestamp>{0, 700'000}, {50'500, 633'000}, {100, 200}}) {
    auto set = querier->select_summaries({.start = start, .end = end}, {});
    if (!set) return;  // the store keeps none, which the contract permits
    int series = 0;
    std::size_t chunks = 0;
    while (set->next()) {
      ++series;
      chunks += check_summaries(*set, start, end);
    }
    REQUIRE(set->status());
    if (end - start > 400'000) {
      CHECK(series == 3);
      CHECK(chunks > 4);
    }
  }
}

void summarises_only_what_a_snapshot_sees(StoreUnderTest& store) {
  const Labels counter{{"__name__", "counter"}};
  auto appender = store.appendable().appender();
  for (int i = 0; i < 100; ++i) appender->append(0, &counter, i * 1000, i);
  REQUIRE(appender->commit());
  auto querier = std::move(*store.queryable().querier(0, 1'000'000));
  for (int i = 100; i < 900; ++i) appender->append(0, &counter, i * 1000, i);
  REQUIRE(appender->commit());
  auto set = querier->select_summaries({.start = 0, .end = 1'000'000}, {});
  if (!set) return;
  REQUIRE(set->next());
  std::vector<storage::ChunkSummary> summaries;
  std::vector<storage::TimeRange> rest;
  REQUIRE(set->summaries(0, 1'000'000, summaries, rest));
  for (const auto& s : summaries) CHECK(s.last_time < 100'000);
  check_summaries(*set, 0, 1'000'000);
  storage::SampleColumns columns;
  REQUIRE(set->read(0, 1'000'000, columns));
  CHECK(columns.size() == 100);
}

}  // namespace

std::vector<StorageCase> storage_select_cases() {
  return {
      {"matchers select as in Prometheus", matches_as_prometheus_does, {}},
      {"names and values of labels are listed", lists_names_and_values, {}},
      {"hints of order, limit and time are heeded", heeds_hints, {}},
      {"a series has one id in a querier", names_series_by_ids, {}},
      {"summaries say what the samples say", summarises_chunks, {}},
      {"summaries cover only what a snapshot sees", summarises_only_what_a_snapshot_sees, {}},
  };
}

}  // namespace tocsin::test
