#include "template/ast.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace tocsin::tmpl {

std::string Operand::to_string() const {
  std::string out;
  switch (type) {
    case Type::kDot:
      return ".";
    case Type::kNil:
      return "nil";
    case Type::kPipe:
      return pipe->to_string();
    case Type::kChain:
      out = base->type == Type::kPipe ? "(" + base->to_string() + ")" : base->to_string();
      for (const std::string& ident : idents) out += "." + ident;
      return out;
    case Type::kField:
      for (const std::string& ident : idents) out += "." + ident;
      return out;
    case Type::kVariable:
      for (const std::string& ident : idents) out += (out.empty() ? "" : ".") + ident;
      return out;
    default:
      return text;
  }
}

std::string Command::to_string() const {
  std::string out;
  for (const Operand& arg : args) {
    if (!out.empty()) out += ' ';
    out += arg.type == Operand::Type::kPipe ? "(" + arg.to_string() + ")" : arg.to_string();
  }
  return out;
}

std::string Pipe::to_string() const {
  std::string out;
  for (const std::string& variable : variables) out += (out.empty() ? "" : ", ") + variable;
  if (!variables.empty()) out += is_assign ? " = " : " := ";
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i > 0) out += " | ";
    out += commands[i].to_string();
  }
  return out;
}

bool StatementList::is_empty() const {
  return std::ranges::all_of(statements, [](const Statement& statement) {
    return statement.type == Statement::Type::kText && trim(statement.text).empty();
  });
}

std::string Statement::to_string() const {
  const std::string inner = pipe ? pipe->to_string() : "";
  switch (type) {
    case Type::kText:
      return text;
    case Type::kAction:
      return "{{" + inner + "}}";
    case Type::kIf:
      return "{{if " + inner + "}}";
    case Type::kWith:
      return "{{with " + inner + "}}";
    case Type::kRange:
      return "{{range " + inner + "}}";
    case Type::kTemplate:
      return "{{template " + go_quote(text) + (pipe ? " " + inner : "") + "}}";
    case Type::kBreak:
      return "{{break}}";
    case Type::kContinue:
      return "{{continue}}";
  }
  return "";
}

std::string Source::where(std::uint32_t pos) const {
  const std::string_view before = std::string_view(text).substr(0, pos);
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? pos : pos - newline - 1;
  return fmt::format("{}:{}:{}", parse_name, 1 + std::ranges::count(before, '\n'), column);
}

}  // namespace tocsin::tmpl
