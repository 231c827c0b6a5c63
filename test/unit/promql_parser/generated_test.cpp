// Generated queries: what is built at random prints and parses to itself, and a slow, obvious twin groups operators.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "promql/parser/parser.hpp"
#include "support/promql_tree.hpp"

using namespace tocsin;
namespace parser = promql::parser;

namespace {

struct Operator {
  std::string_view text;
  int precedence;
  bool right = false;
};

constexpr std::array kOperators = std::to_array<Operator>({{"or", 1},
                                                           {"and", 2},
                                                           {"unless", 2},
                                                           {"==", 3},
                                                           {">=", 3},
                                                           {"</", 3},
                                                           {"+", 4},
                                                           {"-", 4},
                                                           {"*", 5},
                                                           {"%", 5},
                                                           {"atan2", 5},
                                                           {"^", 6, true}});

/// Groups operands[first..last] by the definition: the operator that binds loosest is the root; of several the last, or
/// the first if it is right-associative.
std::string group(const std::vector<std::string>& operands, const std::vector<Operator>& operators, std::size_t first,
                  std::size_t last) {
  if (first == last) return operands[first];
  std::size_t root = first;
  for (std::size_t i = first; i < last; ++i) {
    const bool looser = operators[i].precedence < operators[root].precedence;
    const bool equal = operators[i].precedence == operators[root].precedence;
    if (looser || (equal && !operators[i].right)) root = i;
  }
  return "(" + group(operands, operators, first, root) + " " + std::string(operators[root].text) + " " +
         group(operands, operators, root + 1, last) + ")";
}

/// The text of a tree with each binary operator in parentheses.
std::string in_parentheses(const parser::Expr& expr) {
  if (expr.kind != parser::NodeKind::kBinary) return parser::to_string(expr);
  const auto& node = static_cast<const parser::BinaryExpr&>(expr);
  return "(" + in_parentheses(*node.left) + " " + std::string(parser::binary_op_text(node.op)) + " " +
         in_parentheses(*node.right) + ")";
}

/// Makes queries that are right in their types.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : rng_(seed) {}

  std::string vector(int depth) {
    if (depth <= 0)
      return selector() + pick({"", "", " @ 12.5", " @ end()", " offset 5m", " offset -(1m + 3)", " offset +(1m)",
                                " offset (1m) @ 12.5", " offset (1m) * 2 @ 12.5"});
    switch (below(8)) {
      case 0:
        return "(" + vector(depth - 1) + ")";
      case 1:
        return pick({"-", "+", "- -"}) + vector(depth - 1);
      case 2:
        return vector(depth - 1) + pick({" + ", " * ", " ^ ", " > bool ", " == "}) + vector(depth - 1);
      case 3:
        return vector(depth - 1) + pick({" and ", " or ", " unless on (a) "}) + vector(depth - 1);
      case 4:
        return pick({"sum", "avg by (a, b) ", "topk without () (3, x) + max"}) + "(" + vector(depth - 1) + ")";
      case 5:
        return pick({"rate", "max_over_time", "deriv"}) + "(" + matrix(depth - 1) + ")";
      case 6:
        return pick({"abs", "ceil", "sort_desc"}) + "(" + vector(depth - 1) + ")";
      default:
        return "clamp_max(" + vector(depth - 1) + ", " + scalar(depth - 1) + ")";
    }
  }

 private:
  std::string matrix(int depth) {
    if (below(2) == 0) return selector() + pick({"[5m]", "[90]", "[1h - 3m]", "[step()]"});
    return "(" + vector(depth) + ")" + pick({"[5m:]", "[1h:1m] offset 3s", "[1m+range():(2m)] @ start()"});
  }
  std::string scalar(int depth) {
    if (depth <= 0) return pick({"1", "2.5", "1e30", "Inf", "NaN", "5m", "0x1f", "-7"});
    switch (below(3)) {
      case 0:
        return "scalar(" + vector(depth - 1) + ")";
      case 1:
        return scalar(depth - 1) + pick({" - ", " ^ ", " < bool "}) + scalar(depth - 1);
      default:
        return "time()";
    }
  }
  std::string selector() {
    return pick(
        {"foo", "foo:bar", "{__name__=~\"x.+\"}", "foo{a=\"b\", c!~'d|e'}", "{\"u.v\", \"w x\"=`y`}", "sum", "by"});
  }
  std::string pick(std::vector<std::string> from) { return from[below(from.size())]; }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(rng_.next() % bound); }

  Rng rng_;
};

}  // namespace

TEST_CASE("Operators are grouped as precedence and associativity say") {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> operands{"m0"};
    std::vector<Operator> operators;
    std::string query = "m0";
    const std::size_t length = 1 + rng.next() % 9;
    for (std::size_t i = 1; i <= length; ++i) {
      operators.push_back(kOperators[rng.next() % kOperators.size()]);
      operands.push_back("m" + std::to_string(i));
      query += " " + std::string(operators.back().text) + " " + operands.back();
    }
    CAPTURE(query);
    const auto parsed = parser::parse_expr(query);
    REQUIRE(parsed.has_value());
    REQUIRE(in_parentheses(**parsed) == group(operands, operators, 0, length));
    REQUIRE(parser::to_string(**parsed) == query);
  }
}

TEST_CASE("A generated query prints to a text that parses to the same tree") {
  Generator generator(11);
  for (int round = 0; round < 3000; ++round) {
    const std::string query = generator.vector(1 + round % 6);
    CAPTURE(query);
    const auto parsed = parser::parse_expr(query);
    if (!parsed) FAIL(parsed.error().message);
    const std::string text = parser::to_string(**parsed);
    CAPTURE(text);
    const auto again = parser::parse_expr(text);
    if (!again) FAIL(again.error().message);
    REQUIRE(test::equal_trees(**parsed, **again));
    REQUIRE(parser::to_string(**again) == text);
  }
}
