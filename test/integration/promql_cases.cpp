// tocsin_promql_cases DIRECTORY SEED COUNT: writes the generator's data of that seed as a block there, and prints COUNT
// expressions, one a line, each followed by its probes (see probes()), with tabs between. No sample lies at a whole
// second, or 777 ms behind one: whoever asks at such times has windows with no sample on an edge.
#include <cstdio>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/check.hpp"
#include "block/writer.hpp"
#include "promql/parser/parser.hpp"
#include "support/promql_generator.hpp"

using namespace tocsin;

namespace {

/// How far above zero a series stands: what has a rate.
double height(const model::Labels& labels) {
  const std::string_view le = labels.get("le");
  if (labels.get("__name__") == "req_total" || le == "0.5") return 1000;
  if (le.empty()) return 0;
  return le == "1" ? 2000 : le == "2.5" ? 3000 : 4000;
}

storage::SampleColumns columns_of(const model::Labels& labels, const test::TwinSeries& series) {
  constexpr Timestamp kFirstReset = 600'000;  // not among the few samples of the first windows
  storage::SampleColumns out;
  double base = height(labels), before = 0;
  const bool is_rising = base != 0;
  const bool is_bucket = !labels.get("le").empty();
  for (const auto& [t, point] : series) {
    const double value = point.v;
    const Timestamp rest = t % 1000;
    out.times.push_back(rest == 0 || rest == 777 ? t + 1 : t);
    if (is_bucket || (is_rising && t < kFirstReset && value < before)) base += before;
    before = value;
    // A staleness marker is one only as long as nobody calculates with it.
    out.values.push_back(is_rising ? base + value : value);
  }
  return out;
}

Result<void> write_block(const std::string& folder, const test::TwinData& data) {
  std::set<std::string_view> symbols;
  for (const auto& [labels, series] : data) {
    for (const model::LabelView& label : labels) {
      symbols.insert(label.name);
      symbols.insert(label.value);
    }
  }
  block::Meta meta;
  meta.ulid = {0x5eedU, 0x0123456789abcdefU};
  meta.min_time = 0;
  meta.max_time = 7'200'000;
  meta.compaction.sources = {meta.ulid};
  TOCSIN_OK(posix_fs().create_directories(folder));
  TOCSIN_TRY(const auto writer, block::Writer::create(posix_fs(), folder, meta, {}));
  TOCSIN_OK(writer->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())));
  std::vector<chunkenc::EncodedChunk> chunks;
  for (const auto& [labels, series] : data) {
    const storage::SampleColumns samples = columns_of(labels, series);
    chunks.clear();
    chunkenc::encode_chunks(samples, 0, samples.size(), {}, chunks);
    if (!chunks.empty()) TOCSIN_OK(writer->add(labels, chunks));
  }
  TOCSIN_OK(writer->finish());
  return {};
}

using promql::parser::Expr;

/// Does this node drop elements that matched?
bool filters_matches(const Expr& expr) {
  if (expr.kind != promql::parser::NodeKind::kBinary) return false;
  const auto& binary = static_cast<const promql::parser::BinaryExpr&>(expr);
  return promql::parser::is_comparison(binary.op) && binary.matching && !binary.return_bool;
}

/// `expr` where it stands in a query: within the subqueries that evaluate it.
std::string in_place(std::string text, const std::vector<const promql::parser::SubqueryExpr*>& subqueries) {
  for (auto it = subqueries.rbegin(); it != subqueries.rend(); ++it) {
    const promql::parser::SubqueryExpr& from = **it;
    promql::parser::SubqueryExpr around;
    around.range = from.range;
    around.step = from.step;
    around.offset = from.offset;
    around.at = from.at;
    auto within = promql::parser::parse_expr(fmt::format("({})", text));
    check(within.has_value(), "BUG: the printed expression does not parse");
    around.expr = std::move(*within);
    text = fmt::format("last_over_time({})", promql::parser::to_string(around));
  }
  return text;
}

void find_probes(const Expr& expr, std::vector<const promql::parser::SubqueryExpr*>& subqueries,
                 std::vector<std::string>& out) {
  if (filters_matches(expr)) {
    const promql::parser::ExprPtr copy = promql::parser::clone(expr);
    static_cast<promql::parser::BinaryExpr&>(*copy).return_bool = true;
    out.push_back(in_place(promql::parser::to_string(*copy), subqueries));
  }
  const bool is_subquery = expr.kind == promql::parser::NodeKind::kSubquery;
  if (is_subquery) subqueries.push_back(static_cast<const promql::parser::SubqueryExpr*>(&expr));
  for (const Expr* const child : promql::parser::children(expr)) find_probes(*child, subqueries, out);
  if (is_subquery) subqueries.pop_back();
}

/// One query for each comparison between vectors that drops elements: the same comparison with `bool`, at the times at
/// which `text` evaluates it. It fails with "multiple matches" in a Prometheus of any version if two elements of the
/// same labels match; without `bool`, 2.x does so only if it keeps both.
std::vector<std::string> probes(const std::string& text) {
  const auto expr = promql::parser::parse_expr(text);
  check(expr.has_value(), "BUG: the generator's expression does not parse");
  std::vector<const promql::parser::SubqueryExpr*> subqueries;
  std::vector<std::string> out;
  find_probes(**expr, subqueries, out);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: tocsin_promql_cases DIRECTORY SEED COUNT\n");
    return 2;
  }
  test::PromqlGenerator generator(std::strtoull(argv[2], nullptr, 10));
  if (const auto written = write_block(argv[1], generator.data()); !written) {
    fmt::print(stderr, "{}\n", written.error().message);
    return 1;
  }
  for (auto left = std::strtoull(argv[3], nullptr, 10); left > 0; --left) {
    const std::string expression = generator.expression(3);
    fmt::print("{}", expression);
    for (const std::string& probe : probes(expression)) fmt::print("\t{}", probe);
    fmt::print("\n");
  }
  return 0;
}
