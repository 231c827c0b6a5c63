// Expressions: pipelines, commands, fields, calls and their arguments.

#include <algorithm>

#include "base/strings.hpp"
#include "template/exec.hpp"
#include "template/html_escapers.hpp"

namespace tocsin::tmpl {

namespace {

constexpr unsigned kMaxValueDepth = 64;

/// Bytes that a value made by a function adds; what it shares with others counts again, which is on the safe side.
std::size_t weight(const Value& value) {
  if (value.is_nil()) return 0;
  switch (value.kind()) {
    case Kind::kString:
      return value.as_string().size();
    case Kind::kList:
    case Kind::kStruct:
      return value.as_list().size() * sizeof(Value);
    case Kind::kMap:
      return value.as_map().size() * (sizeof(Value) + 64);
    default:
      return 0;
  }
}

}  // namespace

Result<Value> Executor::eval_pipe(const Value& dot, const Pipe& pipe) {
  const Level level(depth_);
  place_ = &pipe;
  Value value;
  for (std::size_t i = 0; i < pipe.commands.size(); ++i) {
    TOCSIN_OK(step());
    TOCSIN_TRY(value, eval_command(dot, pipe.commands[i], i == 0 ? nullptr : &value));
    if (value.is_nil()) value = Value();
  }
  for (const std::string& name : pipe.variables) {
    if (!pipe.is_assign) {
      variables_.emplace_back(name, value);
    } else if (Value* slot = variable(name)) {
      *slot = value;
    } else {
      return error("undefined variable: {}", name);
    }
  }
  return value;
}

Result<Value> Executor::eval_command(const Value& dot, const Command& command, const Value* final) {
  const Operand& first = command.args[0];
  const std::span<const Operand> args = std::span(command.args).subspan(1);
  switch (first.type) {
    case Operand::Type::kField:
      return eval_field(dot, first, args, final);
    case Operand::Type::kChain:
      return eval_chain(dot, first, args, final);
    case Operand::Type::kVariable:
      return eval_variable(dot, first, args, final);
    case Operand::Type::kIdentifier:
      return call_function(dot, first, &command, args, final);
    case Operand::Type::kPipe:
      TOCSIN_OK(no_arguments(first, args, final));
      return eval_pipe(dot, *first.pipe);
    default:
      break;
  }
  place_ = &first;
  TOCSIN_OK(no_arguments(first, args, final));
  if (first.type == Operand::Type::kDot) return dot;
  if (first.type == Operand::Type::kNil) return error("nil is not a command");
  if (first.type == Operand::Type::kNumber) return eval_constant(first);
  return first.literal;
}

Result<void> Executor::no_arguments(const Operand& first, std::span<const Operand> args, const Value* final) {
  if (args.empty() && final == nullptr) return {};
  return error("can't give argument to non-function {}", first.to_string());
}

/// A number whose type only its spelling tells.
Result<Value> Executor::eval_constant(const Operand& number) {
  place_ = &number;
  const std::string& text = number.text;
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] | 32) == 'x' && text.find_first_of("pP") == text.npos;
  const bool spelled_float = !hex && !text.starts_with('\'') && text.find_first_of(".eEpP") != text.npos;
  if (number.number.is_float && spelled_float) return Value(number.number.float_value);
  if (number.number.is_int) return Value(number.number.int_value);
  return error("{} overflows int", text);
}

Result<Value> Executor::eval_field(const Value& dot, const Operand& field, std::span<const Operand> args,
                                   const Value* final) {
  place_ = &field;
  return follow(dot, dot, field.idents, &field, args, final);
}

Result<Value> Executor::eval_variable(const Value& dot, const Operand& operand, std::span<const Operand> args,
                                      const Value* final) {
  place_ = &operand;
  const Value* slot = variable(operand.idents[0]);
  if (!slot) return error("undefined variable: {}", operand.idents[0]);
  if (operand.idents.size() == 1) {
    TOCSIN_OK(no_arguments(operand, args, final));
    return *slot;
  }
  return follow(dot, *slot, std::span(operand.idents).subspan(1), &operand, args, final);
}

Result<Value> Executor::eval_chain(const Value& dot, const Operand& chain, std::span<const Operand> args,
                                   const Value* final) {
  place_ = &chain;
  TOCSIN_TRY(Value base, eval_arg(dot, nullptr, *chain.base));
  return follow(dot, std::move(base), chain.idents, &chain, args, final);
}

Result<Value> Executor::follow(const Value& dot, Value receiver, std::span<const std::string> idents, Place place,
                               std::span<const Operand> args, const Value* final) {
  for (const std::string& ident : idents.first(idents.size() - 1)) {
    TOCSIN_TRY(receiver, follow_one(dot, receiver, ident, place, {}, nullptr));
  }
  return follow_one(dot, receiver, idents.back(), place, args, final);
}

Result<Value> Executor::follow_one(const Value& dot, const Value& receiver, const std::string& ident, Place place,
                                   std::span<const Operand> args, const Value* final) {
  if (!receiver.valid()) return Value();
  if (receiver.is_nil()) return error("nil pointer evaluating {}.{}", receiver.type_name(), ident);
  if (const Method* method = receiver.type()->method(ident)) {
    return call_method(dot, receiver, *method, place, args, final);
  }
  const bool has_args = !args.empty() || final != nullptr;
  if (const Value* field = receiver.field(ident)) {
    if (has_args) return error("{} has arguments but cannot be invoked as function", ident);
    return *field;
  }
  if (receiver.kind() == Kind::kMap) {
    if (has_args) return error("{} is not a method but has arguments", ident);
    auto it = receiver.as_map().find(ident);
    if (it == receiver.as_map().end()) return Value::zero(*receiver.type()->elem);
    return it->second.valid() ? it->second : Value::nil_interface();
  }
  return error("can't evaluate field {} in type {}", ident, receiver.type_name());
}

Executor::Found Executor::find_function(std::string_view name) const {
  if (options_.functions != nullptr) {
    if (auto it = options_.functions->find(name); it != options_.functions->end()) return {&it->second, false};
  }
  if (auto it = functions_.find(name); it != functions_.end()) return {&it->second, false};
  const FuncMap& builtins = builtin_functions();
  if (auto it = builtins.find(name); it != builtins.end()) return {&it->second, true};
  // No text that was parsed can name them.
  if (auto it = html::escapers().find(name); it != html::escapers().end()) return {&it->second, false};
  return {};
}

Value* Executor::variable(std::string_view name) {
  auto it = std::find_if(variables_.rbegin(), variables_.rend(), [&](const auto& v) { return v.first == name; });
  return it == variables_.rend() ? nullptr : &it->second;
}

Result<Value> Executor::call_function(const Value& dot, const Operand& identifier, Place place,
                                      std::span<const Operand> args, const Value* final) {
  place_ = &identifier;
  const std::string& name = identifier.text;
  const Found found = find_function(name);
  if (found.function == nullptr) return error("{} is not a defined function", go_quote(name));
  const Function& function = *found.function;
  if (found.builtin && (name == "and" || name == "or")) {
    if (args.empty() && final == nullptr) {
      return error("wrong number of args for {}: want at least 1 got 0", name);
    }
    return call_and_or(dot, name == "or", args, final);
  }
  TOCSIN_TRY(std::vector<Value> values, eval_args(dot, name, function.params, function.variadic, args, final));
  if (found.builtin && name == "call") {
    values.insert(values.begin(), Value(args.empty() ? std::string("value") : args[0].to_string()));
  }
  return finish_call(name, place, function.call(values));
}

Result<Value> Executor::call_method(const Value& dot, const Value& receiver, const Method& method, Place place,
                                    std::span<const Operand> args, const Value* final) {
  TOCSIN_TRY(const std::vector<Value> values, eval_args(dot, method.name, method.params, false, args, final));
  return finish_call(method.name, place, method.call(receiver, values));
}

Result<Value> Executor::finish_call(std::string_view name, Place place, Result<Value> result) {
  if (!result) {
    place_ = place;
    return error_at(result.error().code == Errc::kLimit ? Errc::kLimit : Errc::kExecution,
                    fmt::format("error calling {}: {}", name, result.error().message));
  }
  memory_ += weight(*result);
  if (memory_ > options_.limits.memory_bytes) {
    return error_at(Errc::kLimit, fmt::format("more than {} bytes of values", options_.limits.memory_bytes));
  }
  if (result->depth() > kMaxValueDepth) {
    return error_at(Errc::kLimit, fmt::format("value is nested more than {} deep", kMaxValueDepth));
  }
  return result;
}

/// The first argument that decides, or the last; those behind it are not evaluated.
Result<Value> Executor::call_and_or(const Value& dot, bool is_or, std::span<const Operand> args, const Value* final) {
  Value value;
  for (const Operand& arg : args) {
    TOCSIN_TRY(value, eval_arg(dot, &kAnyType, arg));
    if (value.truth() == is_or) return value;
  }
  return final != nullptr ? *final : value;
}

Result<std::vector<Value>> Executor::eval_args(const Value& dot, std::string_view name,
                                               std::span<const Type* const> params, bool variadic,
                                               std::span<const Operand> args, const Value* final) {
  const std::size_t given = args.size() + (final != nullptr ? 1 : 0);
  const std::size_t fixed = variadic ? params.size() - 1 : params.size();
  if (variadic && given < fixed) {
    return error("wrong number of args for {}: want at least {} got {}", name, fixed, args.size());
  }
  if (!variadic && given != fixed) return error("wrong number of args for {}: want {} got {}", name, fixed, given);
  auto param = [&](std::size_t i) { return params[std::min(i, params.size() - 1)]; };
  std::vector<Value> values;
  values.reserve(given);
  for (std::size_t i = 0; i < args.size(); ++i) {
    TOCSIN_TRY(Value value, eval_arg(dot, param(i), args[i]));
    values.push_back(std::move(value));
  }
  if (final != nullptr) {
    TOCSIN_TRY(Value value, validate(*final, param(args.size())));
    values.push_back(std::move(value));
  }
  // Work on long texts counts as more than one step.
  constexpr std::size_t kBytesPerStep = 1024;
  for (const Value& value : values) steps_ += weight(value) / kBytesPerStep;
  return values;
}

/// @param type  what is wanted; nullptr: anything, as the base of a chain.
Result<Value> Executor::eval_arg(const Value& dot, const Type* type, const Operand& arg) {
  place_ = &arg;
  auto validated = [&](Result<Value> value) -> Result<Value> {
    if (!value) return value;
    return validate(std::move(*value), type);
  };
  switch (arg.type) {
    case Operand::Type::kDot:
      return validated(dot);
    case Operand::Type::kNil:
      if (type == nullptr || can_be_nil(*type)) return type ? Value::zero(*type) : Value();
      return error("cannot assign nil to {}", type->name);
    case Operand::Type::kField:
      return validated(eval_field(dot, arg, {}, nullptr));
    case Operand::Type::kVariable:
      return validated(eval_variable(dot, arg, {}, nullptr));
    case Operand::Type::kPipe:
      return validated(eval_pipe(dot, *arg.pipe));
    case Operand::Type::kIdentifier:
      return validated(call_function(dot, arg, &arg, {}, nullptr));
    case Operand::Type::kChain:
      return validated(eval_chain(dot, arg, {}, nullptr));
    default:
      break;
  }
  if (type == nullptr || type->kind == Kind::kInterface) {
    return arg.type == Operand::Type::kNumber ? eval_constant(arg) : Result<Value>(arg.literal);
  }
  return eval_literal_arg(*type, arg);
}

Result<Value> Executor::eval_literal_arg(const Type& type, const Operand& arg) {
  const bool number = arg.type == Operand::Type::kNumber;
  if (type.is_pointer()) return error("can't handle {} for arg of type {}", arg.to_string(), type.name);
  switch (type.kind) {
    case Kind::kBool:
      if (arg.type == Operand::Type::kBool) return arg.literal;
      return error("expected bool; found {}", arg.to_string());
    case Kind::kString:
      if (arg.type == Operand::Type::kString) return arg.literal.as(type);
      return error("expected string; found {}", arg.to_string());
    case Kind::kInt:
      if (number && arg.number.is_int) return Value::integer(arg.number.int_value, type);
      return error("expected integer; found {}", arg.to_string());
    case Kind::kUint:
      if (number && arg.number.is_uint) return Value::unsigned_integer(arg.number.uint_value, type);
      return error("expected unsigned integer; found {}", arg.to_string());
    case Kind::kFloat:
      if (number && arg.number.is_float) return Value(arg.number.float_value).as(type);
      return error("expected float; found {}", arg.to_string());
    default:
      return error("can't handle {} for arg of type {}", arg.to_string(), type.name);
  }
}

Result<Value> Executor::validate(Value value, const Type* type) {
  if (!value.valid()) {
    if (type == nullptr) return value;
    if (can_be_nil(*type)) return Value::zero(*type);
    return error("invalid value; expected {}", type->name);
  }
  if (type == nullptr || assignable(*value.type(), *type)) return value;
  if (value.type()->target != nullptr && assignable(*value.type()->target, *type)) return value.indirect();
  return error("wrong type for value; expected {}; got {}", type->name, value.type_name());
}

}  // namespace tocsin::tmpl
