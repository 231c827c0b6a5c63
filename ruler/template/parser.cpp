#include "template/parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "template/go_text.hpp"
#include "template/lexer.hpp"

namespace tocsin::tmpl {

namespace {

std::vector<std::string> split_idents(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view part : split(text, '.')) out.emplace_back(part);
  return out;
}

/// What ended a list of statements.
enum class ListEnd { kEnd, kElse, kElseIf, kElseWith };

class Parser {
 public:
  Parser(std::shared_ptr<const Source> source, const std::function<bool(std::string_view)>& has_function)
      : source_(std::move(source)), lexer_(source_->text), has_function_(has_function) {}

  Result<DefinitionMap> parse();

 private:
  // Tokens: up to three may be given back.
  Token next();
  Token next_non_space();
  const Token& peek();
  const Token& peek_non_space();
  void back(Token token) { pending_.push_back(std::move(token)); }

  Result<void> parse_define();
  Result<ListEnd> parse_list(StatementList& list);
  Result<std::optional<ListEnd>> parse_text_or_action(StatementList& list);
  Result<std::optional<ListEnd>> parse_action(StatementList& list);
  Result<ListEnd> parse_else();
  Result<void> parse_control(StatementList& list, Statement::Type type);
  Result<void> parse_else_branch(Statement& statement, ListEnd end, const std::string& context);
  Result<void> parse_loop_exit(StatementList& list, Statement::Type type, std::uint32_t pos);
  Result<void> parse_template_call(StatementList& list);
  Result<void> parse_block(StatementList& list);
  Result<std::string> parse_template_name(const Token& token, const char* context);
  Result<std::unique_ptr<Pipe>> parse_pipeline(const std::string& context, Tok end);
  Result<void> parse_declarations(Pipe& pipe, const std::string& context);
  Result<void> check_pipeline(const Pipe& pipe, const std::string& context) const;
  Result<Command> parse_command();
  Result<std::optional<Operand>> parse_operand();
  Result<Operand> add_fields(Operand base);
  Result<std::optional<Operand>> parse_term();
  Result<Operand> parse_literal(Operand operand, const Token& token);
  Result<void> add_definition(std::string name, StatementList root);

  std::unexpected<Error> error(std::string_view message, Errc code = Errc::kInvalid) const {
    return fail(code, "template: {}:{}: {}", source_->parse_name, last_line_, message);
  }
  std::unexpected<Error> unexpected(const Token& token, std::string_view context) const;

  std::shared_ptr<const Source> source_;
  Lexer lexer_;
  const std::function<bool(std::string_view)>& has_function_;
  std::vector<Token> pending_;     // given back, the next one last
  std::uint32_t last_line_ = 1;    // of the token read last from the lexer
  std::uint32_t action_line_ = 0;  // where the action under way began; 0: none
  std::vector<std::string> variables_{"$"};
  int range_depth_ = 0, block_depth_ = 0, paren_depth_ = 0;
  DefinitionMap definitions_;
};

Token Parser::next() {
  if (!pending_.empty()) {
    Token token = std::move(pending_.back());
    pending_.pop_back();
    return token;
  }
  Token token = lexer_.next();
  last_line_ = token.line;
  return token;
}

Token Parser::next_non_space() {
  for (;;) {
    Token token = next();
    if (token.type != Tok::kSpace) return token;
  }
}

const Token& Parser::peek() {
  back(next());
  return pending_.back();
}

const Token& Parser::peek_non_space() {
  back(next_non_space());
  return pending_.back();
}

std::unexpected<Error> Parser::unexpected(const Token& token, std::string_view context) const {
  if (token.type != Tok::kError) return error(fmt::format("unexpected {} in {}", token.describe(), context));
  std::string extra;
  if (action_line_ != 0 && action_line_ != token.line) {
    const char* in_action = token.text.ends_with(" action") ? "" : " in action";
    extra = fmt::format("{} started at {}:{}", in_action, source_->parse_name, action_line_);
  }
  return error(token.text + extra);
}

Result<DefinitionMap> Parser::parse() {
  StatementList root;
  root.pos = peek().pos;
  while (peek().type != Tok::kEof) {
    if (peek().type == Tok::kLeftDelim) {
      Token delim = next();
      Token word = next_non_space();
      if (word.type == Tok::kDefine) {
        TOCSIN_OK(parse_define());
        continue;
      }
      back(std::move(word));
      back(std::move(delim));
    }
    TOCSIN_TRY(const std::optional<ListEnd> end, parse_text_or_action(root));
    if (end) return error(*end == ListEnd::kEnd ? "unexpected {{end}}" : "unexpected {{else}}");
  }
  TOCSIN_OK(add_definition(source_->parse_name, std::move(root)));
  return std::move(definitions_);
}

Result<void> Parser::add_definition(std::string name, StatementList root) {
  auto& slot = definitions_[name];
  if (slot && !slot->root.is_empty()) {
    if (root.is_empty()) return {};
    return error(fmt::format("template: multiple definition of template {}", go_quote(name)));
  }
  slot = std::make_shared<const Definition>(Definition{std::move(name), source_, std::move(root)});
  return {};
}

Result<void> Parser::parse_define() {
  static constexpr const char* kContext = "define clause";
  const Token token = next_non_space();
  TOCSIN_TRY(std::string name, parse_template_name(token, kContext));
  if (const Token close = next_non_space(); close.type != Tok::kRightDelim) return unexpected(close, kContext);
  std::vector<std::string> outer = std::exchange(variables_, {"$"});
  StatementList root;
  TOCSIN_TRY(const ListEnd end, parse_list(root));
  if (end != ListEnd::kEnd) return error("unexpected {{else}} in define clause");
  variables_ = std::move(outer);
  return add_definition(std::move(name), std::move(root));
}

Result<ListEnd> Parser::parse_list(StatementList& list) {
  if (++block_depth_ > kMaxBlockNesting) {
    return error(fmt::format("blocks nested more than {} deep", kMaxBlockNesting), Errc::kLimit);
  }
  list.pos = peek_non_space().pos;
  while (peek_non_space().type != Tok::kEof) {
    TOCSIN_TRY(const std::optional<ListEnd> end, parse_text_or_action(list));
    if (end) {
      --block_depth_;
      return *end;
    }
  }
  return error("unexpected EOF");
}

Result<std::optional<ListEnd>> Parser::parse_text_or_action(StatementList& list) {
  Token token = next_non_space();
  if (token.type == Tok::kText) {
    Statement& text = list.statements.emplace_back();
    text.pos = token.pos;
    text.text = std::move(token.text);
    return std::nullopt;
  }
  if (token.type != Tok::kLeftDelim) return unexpected(token, "input");
  action_line_ = token.line;
  TOCSIN_TRY(std::optional<ListEnd> end, parse_action(list));
  action_line_ = 0;
  return end;
}

Result<std::optional<ListEnd>> Parser::parse_action(StatementList& list) {
  Token token = next_non_space();
  switch (token.type) {
    case Tok::kBlock:
      TOCSIN_OK(parse_block(list));
      return std::nullopt;
    case Tok::kBreak:
      TOCSIN_OK(parse_loop_exit(list, Statement::Type::kBreak, token.pos));
      return std::nullopt;
    case Tok::kContinue:
      TOCSIN_OK(parse_loop_exit(list, Statement::Type::kContinue, token.pos));
      return std::nullopt;
    case Tok::kElse: {
      TOCSIN_TRY(const ListEnd end, parse_else());
      return end;
    }
    case Tok::kEnd:
      if (const Token close = next_non_space(); close.type != Tok::kRightDelim) return unexpected(close, "end");
      return ListEnd::kEnd;
    case Tok::kIf:
      TOCSIN_OK(parse_control(list, Statement::Type::kIf));
      return std::nullopt;
    case Tok::kRange:
      TOCSIN_OK(parse_control(list, Statement::Type::kRange));
      return std::nullopt;
    case Tok::kWith:
      TOCSIN_OK(parse_control(list, Statement::Type::kWith));
      return std::nullopt;
    case Tok::kTemplate:
      TOCSIN_OK(parse_template_call(list));
      return std::nullopt;
    default:
      break;
  }
  const std::uint32_t pos = token.pos;
  back(std::move(token));
  TOCSIN_TRY(auto pipe, parse_pipeline("command", Tok::kRightDelim));
  Statement& action = list.statements.emplace_back();
  action.type = Statement::Type::kAction;
  action.pos = pos;
  action.pipe = std::move(pipe);
  return std::nullopt;
}

Result<ListEnd> Parser::parse_else() {
  const Token token = next_non_space();
  if (token.type == Tok::kIf || token.type == Tok::kWith) {
    const ListEnd end = token.type == Tok::kIf ? ListEnd::kElseIf : ListEnd::kElseWith;
    back(token);
    return end;
  }
  if (token.type != Tok::kRightDelim) return unexpected(token, "else");
  return ListEnd::kElse;
}

Result<void> Parser::parse_control(StatementList& list, Statement::Type type) {
  const std::string context = type == Statement::Type::kIf ? "if" : type == Statement::Type::kWith ? "with" : "range";
  const std::size_t mark = variables_.size();
  Statement statement;
  statement.type = type;
  TOCSIN_TRY(statement.pipe, parse_pipeline(context, Tok::kRightDelim));
  statement.pos = statement.pipe->pos;
  if (type == Statement::Type::kRange) ++range_depth_;
  TOCSIN_TRY(const ListEnd end, parse_list(statement.body));
  if (type == Statement::Type::kRange) --range_depth_;
  if (end != ListEnd::kEnd) TOCSIN_OK(parse_else_branch(statement, end, context));
  variables_.resize(mark);
  list.statements.push_back(std::move(statement));
  return {};
}

Result<void> Parser::parse_else_branch(Statement& statement, ListEnd end, const std::string& context) {
  statement.has_else = true;
  const bool chained = (end == ListEnd::kElseIf && context == "if") || (end == ListEnd::kElseWith && context == "with");
  if (chained) {
    // {{else if b}} is {{else}}{{if b}} whose {{end}} closes both.
    next_non_space();
    if (++block_depth_ > kMaxBlockNesting) {
      return error(fmt::format("blocks nested more than {} deep", kMaxBlockNesting), Errc::kLimit);
    }
    TOCSIN_OK(parse_control(statement.else_body, statement.type));
    --block_depth_;
    return {};
  }
  TOCSIN_TRY(const ListEnd second, parse_list(statement.else_body));
  if (second != ListEnd::kEnd) return error("expected end; found {{else}}");
  return {};
}

Result<void> Parser::parse_loop_exit(StatementList& list, Statement::Type type, std::uint32_t pos) {
  const char* name = type == Statement::Type::kBreak ? "{{break}}" : "{{continue}}";
  if (const Token close = next_non_space(); close.type != Tok::kRightDelim) return unexpected(close, name);
  if (range_depth_ == 0) return error(fmt::format("{} outside {{{{range}}}}", name));
  Statement& statement = list.statements.emplace_back();
  statement.type = type;
  statement.pos = pos;
  return {};
}

Result<void> Parser::parse_template_call(StatementList& list) {
  static constexpr const char* kContext = "template clause";
  const Token token = next_non_space();
  Statement statement;
  statement.type = Statement::Type::kTemplate;
  statement.pos = token.pos;
  TOCSIN_TRY(statement.text, parse_template_name(token, kContext));
  if (Token after = next_non_space(); after.type != Tok::kRightDelim) {
    back(std::move(after));
    TOCSIN_TRY(statement.pipe, parse_pipeline(kContext, Tok::kRightDelim));
  }
  list.statements.push_back(std::move(statement));
  return {};
}

Result<void> Parser::parse_block(StatementList& list) {
  static constexpr const char* kContext = "block clause";
  const Token token = next_non_space();
  Statement call;
  call.type = Statement::Type::kTemplate;
  call.pos = token.pos;
  TOCSIN_TRY(call.text, parse_template_name(token, kContext));
  TOCSIN_TRY(call.pipe, parse_pipeline(kContext, Tok::kRightDelim));
  std::vector<std::string> outer = std::exchange(variables_, {"$"});
  const int ranges = std::exchange(range_depth_, 0);
  StatementList root;
  TOCSIN_TRY(const ListEnd end, parse_list(root));
  if (end != ListEnd::kEnd) return error("unexpected {{else}} in block clause");
  variables_ = std::move(outer);
  range_depth_ = ranges;
  TOCSIN_OK(add_definition(call.text, std::move(root)));
  list.statements.push_back(std::move(call));
  return {};
}

Result<std::string> Parser::parse_template_name(const Token& token, const char* context) {
  if (token.type != Tok::kString && token.type != Tok::kRawString) return unexpected(token, context);
  auto name = unquote(token.text);
  if (!name) return error(name.error().message);
  return std::move(*name);
}

Result<std::unique_ptr<Pipe>> Parser::parse_pipeline(const std::string& context, Tok end) {
  auto pipe = std::make_unique<Pipe>();
  pipe->pos = peek_non_space().pos;
  TOCSIN_OK(parse_declarations(*pipe, context));
  for (;;) {
    Token token = next_non_space();
    if (token.type == end) {
      TOCSIN_OK(check_pipeline(*pipe, context));
      return pipe;
    }
    switch (token.type) {
      case Tok::kBool:
      case Tok::kCharConstant:
      case Tok::kComplex:
      case Tok::kDot:
      case Tok::kField:
      case Tok::kIdentifier:
      case Tok::kNumber:
      case Tok::kNil:
      case Tok::kRawString:
      case Tok::kString:
      case Tok::kVariable:
      case Tok::kLeftParen: {
        back(std::move(token));
        TOCSIN_TRY(Command command, parse_command());
        pipe->commands.push_back(std::move(command));
        break;
      }
      default:
        return unexpected(token, context);
    }
  }
}

/// `$x :=`, `$x =`, and for range `$i, $x :=`.
Result<void> Parser::parse_declarations(Pipe& pipe, const std::string& context) {
  while (peek_non_space().type == Tok::kVariable) {
    Token variable = next_non_space();
    Token after = next();
    std::optional<Token> space;
    if (after.type == Tok::kSpace) {
      space = std::move(after);
      after = next_non_space();
    }
    const bool assigns = after.type == Tok::kAssign || after.type == Tok::kDeclare;
    const bool comma = after.type == Tok::kChar && after.text == ",";
    if (!assigns && !comma) {
      back(std::move(after));
      if (space) back(std::move(*space));
      back(std::move(variable));
      return {};
    }
    pipe.variables.push_back(variable.text);
    variables_.push_back(std::move(variable.text));
    if (assigns) {
      pipe.is_assign = after.type == Tok::kAssign;
      return {};
    }
    if (context != "range" || pipe.variables.size() >= 2) {
      return error(fmt::format("too many declarations in {}", context));
    }
    const Tok follows = peek_non_space().type;
    if (follows != Tok::kVariable && follows != Tok::kRightDelim && follows != Tok::kRightParen) {
      return error("range can only initialize variables");
    }
  }
  return {};
}

Result<void> Parser::check_pipeline(const Pipe& pipe, const std::string& context) const {
  if (pipe.commands.empty()) return error(fmt::format("missing value for {}", context));
  for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
    switch (pipe.commands[i].args[0].type) {
      case Operand::Type::kBool:
      case Operand::Type::kDot:
      case Operand::Type::kNil:
      case Operand::Type::kNumber:
      case Operand::Type::kString:
        return error(fmt::format("non executable command in pipeline stage {}", i + 1));
      default:
        break;
    }
  }
  return {};
}

Result<Command> Parser::parse_command() {
  Command command;
  command.pos = peek_non_space().pos;
  for (;;) {
    peek_non_space();  // skips spaces
    TOCSIN_TRY(std::optional<Operand> operand, parse_operand());
    if (operand) command.args.push_back(std::move(*operand));
    Token token = next();
    if (token.type == Tok::kSpace) continue;
    if (token.type == Tok::kRightDelim || token.type == Tok::kRightParen) {
      back(std::move(token));
    } else if (token.type != Tok::kPipe) {
      return unexpected(token, "operand");
    }
    break;
  }
  if (command.args.empty()) return error("empty command");
  return command;
}

Result<std::optional<Operand>> Parser::parse_operand() {
  TOCSIN_TRY(std::optional<Operand> term, parse_term());
  if (!term || peek().type != Tok::kField) return term;
  TOCSIN_TRY(Operand chain, add_fields(std::move(*term)));
  return chain;
}

Result<Operand> Parser::add_fields(Operand base) {
  const std::uint32_t pos = peek().pos;
  std::vector<std::string> fields;
  while (peek().type == Tok::kField) fields.push_back(next().text.substr(1));
  switch (base.type) {
    case Operand::Type::kField:
    case Operand::Type::kVariable:
      base.pos = pos;
      base.idents.insert(base.idents.end(), fields.begin(), fields.end());
      return base;
    case Operand::Type::kBool:
    case Operand::Type::kString:
    case Operand::Type::kNumber:
    case Operand::Type::kNil:
    case Operand::Type::kDot:
      return error(fmt::format("unexpected . after term {}", go_quote(base.to_string())));
    default:
      break;
  }
  Operand chain;
  chain.type = Operand::Type::kChain;
  chain.pos = pos;
  chain.base = std::make_unique<Operand>(std::move(base));
  chain.idents = std::move(fields);
  return chain;
}

Result<std::optional<Operand>> Parser::parse_term() {
  Token token = next_non_space();
  Operand operand;
  operand.pos = token.pos;
  switch (token.type) {
    case Tok::kIdentifier:
      if (!has_function_(token.text)) return error(fmt::format("function {} not defined", go_quote(token.text)));
      operand.type = Operand::Type::kIdentifier;
      operand.text = std::move(token.text);
      return operand;
    case Tok::kDot:
      return operand;
    case Tok::kNil:
      operand.type = Operand::Type::kNil;
      return operand;
    case Tok::kVariable:
      operand.type = Operand::Type::kVariable;
      operand.idents = split_idents(token.text);
      if (std::ranges::find(variables_, operand.idents[0]) == variables_.end()) {
        return error(fmt::format("undefined variable {}", go_quote(operand.idents[0])));
      }
      return operand;
    case Tok::kField:
      operand.type = Operand::Type::kField;
      operand.idents = split_idents(std::string_view(token.text).substr(1));
      return operand;
    case Tok::kLeftParen: {
      if (++paren_depth_ > kMaxParenNesting) return error("max expression depth exceeded", Errc::kLimit);
      operand.type = Operand::Type::kPipe;
      TOCSIN_TRY(operand.pipe, parse_pipeline("parenthesized pipeline", Tok::kRightParen));
      operand.pos = operand.pipe->pos;
      --paren_depth_;
      return operand;
    }
    case Tok::kBool:
    case Tok::kCharConstant:
    case Tok::kComplex:
    case Tok::kNumber:
    case Tok::kString:
    case Tok::kRawString: {
      TOCSIN_TRY(Operand literal, parse_literal(std::move(operand), token));
      return literal;
    }
    default:
      back(std::move(token));
      return std::nullopt;
  }
}

Result<Operand> Parser::parse_literal(Operand operand, const Token& token) {
  operand.text = token.text;
  if (token.type == Tok::kBool) {
    operand.type = Operand::Type::kBool;
    operand.literal = Value(token.text == "true");
    return operand;
  }
  if (token.type == Tok::kString || token.type == Tok::kRawString) {
    operand.type = Operand::Type::kString;
    auto text = unquote(token.text);
    if (!text) return error(text.error().message);
    operand.literal = Value(std::move(*text));
    return operand;
  }
  operand.type = Operand::Type::kNumber;
  auto number = parse_number(token.text);
  if (!number) return error(number.error().message, number.error().code);
  operand.number = *number;
  return operand;
}

}  // namespace

Result<DefinitionMap> parse_template(const std::string& name, std::string_view text,
                                     const std::function<bool(std::string_view)>& has_function) {
  if (text.size() > kMaxTemplateBytes) {
    return fail(Errc::kLimit, "template: {}: text of {} bytes is longer than the limit of {}", name, text.size(),
                kMaxTemplateBytes);
  }
  auto source = std::make_shared<const Source>(Source{name, std::string(text)});
  return Parser(std::move(source), has_function).parse();
}

}  // namespace tocsin::tmpl
