// The engine against its naive twin, on random data and random expressions.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <regex>
#include <set>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "promql/engine.hpp"
#include "promql/parser/parser.hpp"
#include "support/map_store.hpp"
#include "support/promql_exact.hpp"
#include "support/promql_generator.hpp"
#include "support/promql_twin.hpp"
#include "support/test_helpers.hpp"

namespace tocsin::test {
namespace {

constexpr std::uint64_t kSeeds = 30;  // TOCSIN_PROMQL_SEEDS=2000 in the environment for a long run
constexpr int kExpressionsPerSeed = 100;
constexpr std::int64_t kStep = 73'000;
constexpr Timestamp kStart = 240'000;
constexpr int kSteps = 9;

/// Equal to the bit, or nearly: sums in another order, lines through points by another formula.
struct Tolerance {
  double relative = 0;
  double floor = 0;  // what is closer than this agrees
};

bool agree(double a, double b, Tolerance allowed) {
  const double tolerance = allowed.relative;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  const double scale =
      tolerance > 1e-9 ? std::max({std::abs(a), std::abs(b), 1.0}) : std::max(std::abs(a), std::abs(b));
  return std::abs(a - b) <= std::max(allowed.floor, tolerance * scale);
}

/// Formulas that lose digits when they are evaluated in another way.
Tolerance tolerance_of(const std::string& expression) {
  for (const char* const name : {"std", "deriv", "predict_linear"}) {
    if (expression.find(name) != std::string::npos) return {1e-7};
  }
  // The difference of two ranks.
  if (expression.find("histogram_fraction") != std::string::npos) return {1e-12, 1e-12};
  // The middle of the bucket around zero is nearly nothing.
  return {1e-12, expression.find("histogram_quantile") != std::string::npos ? 1e-15 : 0};
}

bool agree(const std::map<int, double>& a, const std::map<int, double>& b, double scale) {
  const auto covers = [scale](const auto& x, const auto& y) {
    return std::all_of(x.begin(), x.end(), [&](const auto& bucket) {
      const auto found = y.find(bucket.first);
      const double other = found == y.end() ? 0 : found->second;
      return std::abs(bucket.second - other) <= 1e-12 * scale || agree(bucket.second, other, Tolerance{1e-12});
    });
  };
  return covers(a, b) && covers(b, a);
}

bool agree(const TwinPoint& a, const TwinPoint& b, Tolerance tolerance) {
  if ((a.h == nullptr) != (b.h == nullptr)) return false;
  if (a.h == nullptr) return agree(a.v, b.v, tolerance);
  tolerance.floor = 1e-12;  // of the difference of two
  const double scale = std::abs(a.h->count) + 1e3;
  return a.h->schema == b.h->schema && a.h->bounds == b.h->bounds && agree(a.h->count, b.h->count, tolerance) &&
         agree(a.h->sum, b.h->sum, tolerance) && agree(a.h->zero, b.h->zero, tolerance) &&
         agree(a.h->positive, b.h->positive, scale) && agree(a.h->negative, b.h->negative, scale);
}

std::string show(const TwinPoint& point) {
  if (point.h == nullptr) return fmt::format("{}", point.v);
  const TwinHistogram& h = *point.h;
  std::string out = fmt::format("{{schema {} count {} sum {} zero {}", h.schema, h.count, h.sum, h.zero);
  for (const auto& [index, count] : h.negative) out += fmt::format(" -[{}]={}", index, count);
  for (const auto& [index, count] : h.positive) out += fmt::format(" [{}]={}", index, count);
  return out + "}";
}

std::string show(const TwinVector& vector) {
  std::string out;
  for (const auto& [labels, value] : vector) out += fmt::format("  {} {}\n", labels.to_string(), show(value));
  return out.empty() ? "  nothing\n" : out;
}

bool same(const TwinVector& a, const TwinVector& b, Tolerance tolerance) {
  if (a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
    return x.first == y.first && agree(x.second, y.second, tolerance);
  });
}

TwinVector as_vector(const promql::Value& value) {
  TwinVector out;
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) out[model::Labels()] = scalar->v;
  if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    for (const promql::VectorSample& sample : *vector) {
      out[sample.labels] = sample.h == nullptr ? TwinPoint(sample.v) : TwinPoint(twin_histogram(*sample.h));
    }
  }
  return out;
}

TwinVector as_vector(const TwinValue& value) {
  if (const double* scalar = std::get_if<double>(&value)) return {{model::Labels(), *scalar}};
  return std::get<TwinVector>(value);
}

TwinVector at_step(const promql::Matrix& matrix, Timestamp t) {
  TwinVector out;
  for (const promql::MatrixSeries& series : matrix) {
    for (const model::Sample& sample : series.floats) {
      if (sample.t == t) out[series.labels] = sample.v;
    }
    for (const promql::HistogramPoint& point : series.histograms) {
      if (point.t == t) out[series.labels] = twin_histogram(*point.h);
    }
  }
  return out;
}

/// Nothing, if the twin says the query fails.
std::optional<TwinVector> twin_answer(PromqlTwin& twin, const promql::parser::Expr& expr, Timestamp t) {
  try {
    return as_vector(twin.answer(expr, t));
  } catch (const TwinError&) {
    return std::nullopt;
  }
}

/// Warnings and infos, with positions.
using Notes = std::set<std::string>;

/// Not what depends on when things are evaluated, rather than on what they are.
bool is_certain(const std::string& note, const std::string& query) {
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  // Of steps that look at one time there is one, and that is in order.
  if (has(note, "sort is ineffective")) return !has(query, "@") && !has(query, ":") && !has(query, "vector(");
  // Where buckets do not matter, hints of resets come from what was read before.
  const bool counts_only =
      has(query, "histogram_count(") || has(query, "histogram_sum(") || has(query, "histogram_avg(");
  return !(counts_only && has(note, "conflicting counter resets"));
}

Notes notes_of(const PromqlTwin& twin, const std::string& query) {
  Notes out;
  for (const auto& [note, place] : twin.notes().said()) {
    if (!is_certain(note, query)) continue;
    out.insert(fmt::format("{} ({})", note, promql::parser::line_column(query, place.pos.start)));
  }
  return out;
}

Notes notes_of(const promql::QueryResult& result, const std::string& query) {
  static const std::regex counted(R"((, from buckets .*| \(\d+ occurrences\))(?= \())");  // how often, and where
  Notes out;
  for (const auto& list : {result.warnings, result.infos}) {
    for (std::string note : list) {
      note = std::regex_replace(note, counted, "");
      if (is_certain(note, query)) out.insert(note);
    }
  }
  return out;
}

/// What a subquery evaluates may say more than what its steps that matter say.
bool same(const Notes& twin, const Notes& engine, const std::string& query) {
  if (query.find(':') == std::string::npos) return twin == engine;
  return std::includes(engine.begin(), engine.end(), twin.begin(), twin.end());
}

std::string show(const Notes& notes) {
  return fmt::format("  {}\n", fmt::join(notes, "\n  "));
}

struct Tally {
  int answers = 0, failures = 0, samples = 0, notes = 0;
};

/// @param helped  the same engine with helpers.
void compare(const promql::Engine& engine, const promql::Engine& helped, MapStore& store, const TwinData& data,
             const std::string& text, Tally& tally) {
  INFO(text);
  promql::parser::ParserOptions everything;
  everything.experimental_functions = true;
  everything.binop_fill_modifiers = true;
  everything.extended_range_selectors = true;
  const auto expr = promql::parser::parse_expr(text, everything);
  REQUIRE(expr);
  const Timestamp end = kStart + (kSteps - 1) * kStep;
  promql::QueryOptions options;
  options.text = text;
  const auto range = engine.range(store, **expr, kStart, end, kStep, options);
  CHECK(exact(helped.range(store, **expr, kStart, end, kStep, options)) == exact(range));
  const PromqlTwin::Query query{.start = kStart, .end = end, .start_timestamps = engine.options().use_start_timestamps};
  PromqlTwin range_twin(data, query);
  bool all_answer = true;
  for (int i = 0; i < kSteps; ++i) {
    const Timestamp t = kStart + i * kStep;
    INFO("at " << t << " ms");
    const std::optional<TwinVector> expected = twin_answer(range_twin, **expr, t);
    all_answer = all_answer && expected;
    if (range && expected) {
      const TwinVector found = at_step(std::get<promql::Matrix>(range->value), t);
      INFO("twin:\n" << show(*expected) << "engine:\n" << show(found));
      CHECK(same(*expected, found, tolerance_of(text)));
      tally.samples += static_cast<int>(found.size());
    }
    if (i % 4 != 0) continue;
    const auto instant = engine.instant(store, **expr, t, options);
    PromqlTwin::Query at_once = query;
    at_once.start = at_once.end = t;
    PromqlTwin instant_twin(data, at_once);
    const std::optional<TwinVector> now = twin_answer(instant_twin, **expr, t);
    INFO("instant: " << (instant ? "answers" : instant.error().message));
    // What a subquery evaluates fails as a whole if labels meet that do so at no single step of it.
    const bool may_meet = now && text.find(':') != std::string::npos;
    CHECK((instant.has_value() == now.has_value() || may_meet));
    if (instant && now) {
      INFO("twin:\n" << show(*now) << "engine:\n" << show(as_vector(instant->value)));
      CHECK(same(*now, as_vector(instant->value), tolerance_of(text)));
      const Notes said = notes_of(instant_twin, text), heard = notes_of(*instant, text);
      INFO("twin says:\n" << show(said) << "engine says:\n" << show(heard));
      CHECK(same(said, heard, text));
    }
  }
  // Within a subquery the engine also meets times that no step of the twin looks at, and may fail there.
  INFO("range: " << (range ? "answers" : range.error().message));
  if (range) CHECK(all_answer);
  if (range && all_answer) {
    const Notes said = notes_of(range_twin, text), heard = notes_of(*range, text);
    INFO("twin says:\n" << show(said) << "engine says:\n" << show(heard));
    CHECK(same(said, heard, text));
    tally.notes += static_cast<int>(heard.size());
  }
  if (!range) CHECK((!all_answer || text.find(':') != std::string::npos));
  ++(range ? tally.answers : tally.failures);
}

void fill(MapStore& store, const TwinData& data) {
  const auto appender = store.appender();
  for (const auto& [labels, series] : data) {
    for (const auto& [t, point] : series) {
      const auto appended =
          point.h == nullptr
              ? appender->append(0, &labels, t, point.v, point.start)
              : appender->append_histogram(0, &labels, t,
                                           std::make_shared<const model::FloatHistogram>(model_histogram(*point.h)),
                                           point.start);
      REQUIRE(appended.status == storage::AppendStatus::kOk);
    }
  }
  REQUIRE(appender->commit());
}

enum class Language { kFloats, kWhole, kWholeWithStarts };

void compare_many(Language language) {
  promql::EngineOptions options;
  options.use_start_timestamps = language == Language::kWholeWithStarts;
  const promql::Engine engine(options, system_clock());
  InterleavingHelpers helpers(1);
  options.helpers = &helpers;
  options.help_from = 0;
  const promql::Engine helped(options, system_clock());
  Tally tally;
  const char* const wanted = std::getenv("TOCSIN_PROMQL_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? kSeeds : std::strtoull(wanted, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    PromqlGenerator generator(seed);
    if (language == Language::kWhole) generator.whole();
    if (language == Language::kWholeWithStarts) generator.with_starts();
    const TwinData data = generator.data();
    MapStore store;
    fill(store, data);
    for (int i = 0; i < kExpressionsPerSeed; ++i) {
      compare(engine, helped, store, data, generator.expression(3), tally);
    }
  }
  // The comparison means something only if most queries have an answer.
  INFO(tally.answers << " answers with " << tally.samples << " samples, " << tally.failures << " failures");
  CHECK(tally.answers > 2 * tally.failures);
  CHECK(tally.samples > 20'000);
  CHECK(helpers.started() > 1000);
  CHECK(tally.notes > (language == Language::kFloats ? 100 : 1000));
}

TEST_CASE("the engine agrees with its naive twin on random expressions") {
  compare_many(Language::kFloats);
}

TEST_CASE("the engine agrees with its naive twin on random expressions of the whole language") {
  compare_many(Language::kWhole);
}

TEST_CASE("the engine agrees with its naive twin on samples that say when their counting began") {
  compare_many(Language::kWholeWithStarts);
}

}  // namespace
}  // namespace tocsin::test
