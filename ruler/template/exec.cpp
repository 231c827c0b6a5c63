// Statements: if, with, range, template, and what they print.

#include "template/exec.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "template/go_format.hpp"

namespace tocsin::tmpl {

namespace {

struct PlaceText {
  std::uint32_t pos = 0;
  std::string context;
};

template <typename Place>
PlaceText describe(const Place& place) {
  return std::visit(
      [](const auto& node) -> PlaceText {
        if constexpr (std::is_same_v<std::decay_t<decltype(node)>, std::monostate>) {
          return {};
        } else {
          return {node->pos, node->to_string()};
        }
      },
      place);
}

}  // namespace

Result<std::string> Executor::run(const Definition& definition, const Value& data) {
  definition_ = &definition;
  variables_.emplace_back("$", data);
  TOCSIN_OK(walk(data, definition.root));
  return std::move(out_);
}

std::unexpected<Error> Executor::error_at(Errc code, const std::string& message) const {
  const PlaceText at = describe(place_);
  return fail(code, "template: {}: executing {} at <{}>: {}", definition_->source->where(at.pos),
              go_quote(definition_->name), at.context, message);
}

Result<void> Executor::step() {
  if (++steps_ > options_.limits.steps) {
    return error_at(Errc::kLimit, fmt::format("more than {} steps", options_.limits.steps));
  }
  if (depth_ > options_.limits.depth) {
    return error_at(Errc::kLimit, fmt::format("exceeded maximum template depth ({})", options_.limits.depth));
  }
  return {};
}

Result<void> Executor::write(std::string_view text) {
  if (out_.size() + text.size() > options_.limits.output_bytes) {
    return error_at(Errc::kLimit, fmt::format("output is longer than {} bytes", options_.limits.output_bytes));
  }
  out_ += text;
  return {};
}

Result<Executor::Flow> Executor::walk(const Value& dot, const StatementList& list) {
  const Level level(depth_);
  for (const Statement& statement : list.statements) {
    TOCSIN_TRY(const Flow flow, walk_statement(dot, statement));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Executor::Flow> Executor::walk_statement(const Value& dot, const Statement& statement) {
  place_ = &statement;
  TOCSIN_OK(step());
  switch (statement.type) {
    case Statement::Type::kText:
      TOCSIN_OK(write(statement.text));
      return Flow::kNext;
    case Statement::Type::kAction: {
      // Variables stay until the end of the block; an action that sets some prints nothing.
      TOCSIN_TRY(const Value value, eval_pipe(dot, *statement.pipe));
      if (statement.pipe->variables.empty()) TOCSIN_OK(print(statement, value));
      return Flow::kNext;
    }
    case Statement::Type::kIf:
    case Statement::Type::kWith:
      return walk_if_or_with(dot, statement);
    case Statement::Type::kRange:
      return walk_range(dot, statement);
    case Statement::Type::kTemplate:
      TOCSIN_OK(walk_template(dot, statement));
      return Flow::kNext;
    case Statement::Type::kBreak:
      return Flow::kBreak;
    case Statement::Type::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Result<Executor::Flow> Executor::walk_if_or_with(const Value& dot, const Statement& statement) {
  const std::size_t mark = variables_.size();
  TOCSIN_TRY(const Value value, eval_pipe(dot, *statement.pipe));
  Result<Flow> flow = Flow::kNext;
  if (value.truth()) {
    flow = walk(statement.type == Statement::Type::kWith ? value : dot, statement.body);
  } else if (statement.has_else) {
    flow = walk(dot, statement.else_body);
  }
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::iterate(const Statement& statement, Value index, Value element) {
  TOCSIN_OK(step());
  const Pipe& pipe = *statement.pipe;
  const std::size_t count = pipe.variables.size();
  const std::size_t mark = variables_.size();
  auto set = [&](std::size_t i, const Value& value) -> Result<void> {
    if (!pipe.is_assign) {
      variables_[mark - count + i].second = value;
      return {};
    }
    Value* slot = variable(pipe.variables[i]);
    if (!slot) return error("undefined variable: {}", pipe.variables[i]);
    *slot = value;
    return {};
  };
  // One variable takes the element, two take index and element.
  if (count == 2) TOCSIN_OK(set(0, index));
  if (count >= 1) TOCSIN_OK(set(count - 1, element));
  Result<Flow> flow = walk(element, statement.body);
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::walk_range(const Value& dot, const Statement& statement) {
  const std::size_t mark = variables_.size();
  TOCSIN_TRY(Value value, eval_pipe(dot, *statement.pipe));
  value = value.indirect();
  bool any = false;
  Result<Flow> flow = Flow::kNext;
  auto next = [&](Value index, Value element) {
    any = true;
    flow = iterate(statement, std::move(index), std::move(element));
    return flow && *flow != Flow::kBreak;
  };
  if (value.is_nil()) {
    // like an empty list
  } else if (value.kind() == Kind::kList) {
    std::int64_t i = 0;
    for (const Value& element : value.as_list()) {
      if (!next(Value(i++), element)) break;
    }
  } else if (value.kind() == Kind::kMap) {
    for (const auto& [key, element] : value.as_map()) {
      if (!next(Value(key), element)) break;
    }
  } else if (value.kind() == Kind::kInt) {
    if (statement.pipe->variables.size() > 1) {
      return error("can't use {} to iterate over more than one variable", value.as_int());
    }
    for (std::int64_t i = 0; i < value.as_int(); ++i) {
      if (!next(Value(i), Value::integer(i, *value.type()))) break;
    }
  } else {
    TOCSIN_TRY(const std::string text, sprint(Args(&value, 1)));
    return error("range can't iterate over {}", text);
  }
  if (!flow) return flow;
  flow = Flow::kNext;
  if (!any && statement.has_else) flow = walk(dot, statement.else_body);
  variables_.resize(mark);
  return flow;
}

Result<void> Executor::walk_template(const Value& dot, const Statement& statement) {
  auto it = definitions_.find(statement.text);
  if (it == definitions_.end()) return error("template {} not defined", go_quote(statement.text));
  Value data;
  if (statement.pipe) {
    TOCSIN_TRY(data, eval_pipe(dot, *statement.pipe));
  }
  // The callee sees none of the caller's variables.
  const Definition* caller = std::exchange(definition_, it->second.get());
  std::vector<std::pair<std::string_view, Value>> outer = std::exchange(variables_, {});
  variables_.emplace_back("$", data);
  TOCSIN_OK(walk(data, definition_->root));
  definition_ = caller;
  variables_ = std::move(outer);
  return {};
}

Result<void> Executor::print(const Statement& statement, const Value& value) {
  place_ = &statement;
  if (!value.valid()) return write("<no value>");
  if (value.kind() == Kind::kFunction)
    return error("can't print {} of type {}", statement.to_string(), value.type_name());
  if (value.kind() == Kind::kString && !value.type()->text) return write(value.as_string());
  const bool has_text = value.type()->text != nullptr;
  const Value shown = has_text ? value : value.indirect();
  auto text = sprint(Args(&shown, 1));
  if (!text) return error_at(text.error().code, text.error().message);
  return write(*text);
}

}  // namespace tocsin::tmpl
