#pragma once
// Phase 3: the walk over the tree. Internal to the module; template.hpp is the way in.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "template/ast.hpp"
#include "template/template.hpp"

namespace tocsin::tmpl {

/// One execution. Thread: one.
class Executor {
 public:
  Executor(const DefinitionMap& definitions, const FuncMap& functions, const ExecOptions& options)
      : definitions_(definitions), functions_(functions), options_(options) {}
  Result<std::string> run(const Definition& definition, const Value& data);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  /// What error texts point at.
  using Place = std::variant<std::monostate, const Statement*, const Pipe*, const Command*, const Operand*>;
  struct Found {
    const Function* function = nullptr;
    bool builtin = false;
  };
  /// Counts a level of nesting for as long as it lives.
  struct Level {
    explicit Level(int& counter) : depth(counter) { ++depth; }
    ~Level() { --depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    int& depth;
  };

  Result<Flow> walk(const Value& dot, const StatementList& list);
  Result<Flow> walk_statement(const Value& dot, const Statement& statement);
  Result<Flow> walk_if_or_with(const Value& dot, const Statement& statement);
  Result<Flow> walk_range(const Value& dot, const Statement& statement);
  Result<Flow> iterate(const Statement& statement, Value index, Value element);
  Result<void> walk_template(const Value& dot, const Statement& statement);
  Result<void> print(const Statement& statement, const Value& value);
  Result<void> write(std::string_view text);

  Result<Value> eval_pipe(const Value& dot, const Pipe& pipe);
  /// `final`: the value piped in, which becomes the last argument; nullptr at the first command.
  Result<Value> eval_command(const Value& dot, const Command& command, const Value* final);
  Result<Value> eval_constant(const Operand& number);
  Result<Value> eval_field(const Value& dot, const Operand& field, std::span<const Operand> args, const Value* final);
  Result<Value> eval_variable(const Value& dot, const Operand& variable, std::span<const Operand> args,
                              const Value* final);
  Result<Value> eval_chain(const Value& dot, const Operand& chain, std::span<const Operand> args, const Value* final);
  /// Steps along `.a.b.c`; the last may be a method and takes the arguments.
  Result<Value> follow(const Value& dot, Value receiver, std::span<const std::string> idents, Place place,
                       std::span<const Operand> args, const Value* final);
  Result<Value> follow_one(const Value& dot, const Value& receiver, const std::string& ident, Place place,
                           std::span<const Operand> args, const Value* final);
  Result<Value> call_function(const Value& dot, const Operand& identifier, Place place, std::span<const Operand> args,
                              const Value* final);
  Result<Value> call_method(const Value& dot, const Value& receiver, const Method& method, Place place,
                            std::span<const Operand> args, const Value* final);
  Result<Value> call_and_or(const Value& dot, bool is_or, std::span<const Operand> args, const Value* final);
  Result<std::vector<Value>> eval_args(const Value& dot, std::string_view name, std::span<const Type* const> params,
                                       bool variadic, std::span<const Operand> args, const Value* final);
  Result<Value> eval_arg(const Value& dot, const Type* type, const Operand& arg);
  Result<Value> eval_literal_arg(const Type& type, const Operand& arg);
  Result<Value> validate(Value value, const Type* type);
  Result<Value> finish_call(std::string_view name, Place place, Result<Value> result);

  Result<void> no_arguments(const Operand& first, std::span<const Operand> args, const Value* final);
  Result<void> step();
  Found find_function(std::string_view name) const;
  Value* variable(std::string_view name);

  template <typename... A>
  std::unexpected<Error> error(fmt::format_string<A...> format, A&&... args) const {
    return error_at(Errc::kExecution, fmt::format(format, std::forward<A>(args)...));
  }
  std::unexpected<Error> error_at(Errc code, const std::string& message) const;

  const DefinitionMap& definitions_;
  const FuncMap& functions_;
  const ExecOptions& options_;
  const Definition* definition_ = nullptr;  // being executed
  Place place_;
  std::vector<std::pair<std::string_view, Value>> variables_;  // of the template being executed
  std::string out_;
  std::size_t steps_ = 0, memory_ = 0;
  int depth_ = 0;
};

}  // namespace tocsin::tmpl
