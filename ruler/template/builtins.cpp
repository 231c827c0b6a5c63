// Go's predefined functions of text/template.

#include <algorithm>
#include <cstdint>

#include "base/strings.hpp"
#include "template/go_format.hpp"
#include "template/go_text.hpp"
#include "template/template.hpp"

namespace tocsin::tmpl {

namespace {

using R = Result<Value>;

/// Interfaces that hold nothing are nil.
bool absent(const Value& value) {
  return value.is_nil();
}

Result<std::size_t> index_argument(const Value& index, std::size_t most) {
  if (absent(index)) return fail(Errc::kExecution, "cannot index slice/array with nil");
  std::int64_t x = 0;
  if (index.kind() == Kind::kInt) {
    x = index.as_int();
  } else if (index.kind() == Kind::kUint) {
    x = static_cast<std::int64_t>(index.as_uint());
  } else {
    return fail(Errc::kExecution, "cannot index slice/array with type {}", index.type_name());
  }
  if (x < 0 || static_cast<std::uint64_t>(x) > most) return fail(Errc::kExecution, "index out of range: {}", x);
  return static_cast<std::size_t>(x);
}

R index_one(const Value& item, const Value& index) {
  switch (item.kind()) {
    case Kind::kList: {
      const ListData& list = item.as_list();
      TOCSIN_TRY(const std::size_t i, index_argument(index, list.size()));
      if (i == list.size()) return fail(Errc::kExecution, "reflect: slice index out of range");
      return list[i];
    }
    case Kind::kString: {
      const std::string& text = item.as_string();
      TOCSIN_TRY(const std::size_t i, index_argument(index, text.size()));
      if (i == text.size()) return fail(Errc::kExecution, "reflect: string index out of range");
      return Value::unsigned_integer(static_cast<unsigned char>(text[i]), kUint8Type);
    }
    case Kind::kMap: {
      if (absent(index)) return fail(Errc::kExecution, "value is nil; should be of type string");
      if (index.type() != &kStringType) {
        return fail(Errc::kExecution, "value has type {}; should be string", index.type_name());
      }
      auto it = item.as_map().find(index.as_string());
      return it == item.as_map().end() ? Value::zero(*item.type()->elem) : it->second;
    }
    default:
      return fail(Errc::kExecution, "can't index item of type {}", item.type_name());
  }
}

R index(Args args) {
  Value item = args[0].indirect();
  if (absent(item)) return fail(Errc::kExecution, "index of untyped nil");
  for (const Value& i : args.subspan(1)) {
    item = item.indirect();
    if (absent(item)) return fail(Errc::kExecution, "index of nil pointer");
    TOCSIN_TRY(item, index_one(item, i));
  }
  return item;
}

R slice(Args args) {
  const Value& item = args[0];
  const std::size_t count = args.size() - 1;
  if (absent(item)) return fail(Errc::kExecution, "slice of untyped nil");
  if (count > 3) return fail(Errc::kExecution, "too many slice indexes: {}", count);
  const bool text = item.kind() == Kind::kString;
  if (text && count == 3) return fail(Errc::kExecution, "cannot 3-index slice a string");
  if (!text && item.kind() != Kind::kList) {
    return fail(Errc::kExecution, "can't slice item of type {}", item.type_name());
  }
  const std::size_t size = text ? item.as_string().size() : item.as_list().size();
  std::size_t at[3] = {0, size, size};
  for (std::size_t i = 0; i < count; ++i) {
    TOCSIN_TRY(at[i], index_argument(args[i + 1], size));
  }
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(count, 2); ++i) {
    if (at[i] > at[i + 1]) return fail(Errc::kExecution, "invalid slice index: {} > {}", at[i], at[i + 1]);
  }
  if (text) return Value::text(item.as_string().substr(at[0], at[1] - at[0]), *item.type());
  const ListData& list = item.as_list();
  return Value::list(
      ListData(list.begin() + static_cast<std::ptrdiff_t>(at[0]), list.begin() + static_cast<std::ptrdiff_t>(at[1])),
      *item.type());
}

R length(Args args) {
  const Value item = args[0].indirect();
  if (absent(item)) return fail(Errc::kExecution, "reflect: call of reflect.Value.Type on zero Value");
  switch (item.kind()) {
    case Kind::kList:
      return Value(static_cast<std::int64_t>(item.as_list().size()));
    case Kind::kMap:
      return Value(static_cast<std::int64_t>(item.as_map().size()));
    case Kind::kString:
      return Value(static_cast<std::int64_t>(item.as_string().size()));
    default:
      return fail(Errc::kExecution, "len of type {}", item.type_name());
  }
}

/// Go's kinds of comparison.
enum class Basic { kInvalid, kBool, kInt, kFloat, kString, kUint };

Basic basic_kind(const Value& value) {
  if (absent(value) || value.type()->is_pointer()) return Basic::kInvalid;
  switch (value.kind()) {
    case Kind::kBool:
      return Basic::kBool;
    case Kind::kInt:
      return Basic::kInt;
    case Kind::kUint:
      return Basic::kUint;
    case Kind::kFloat:
      return Basic::kFloat;
    case Kind::kString:
      return Basic::kString;
    default:
      return Basic::kInvalid;
  }
}

std::unexpected<Error> incompatible(const Value& a, const Value& b) {
  return fail(Errc::kExecution, "incompatible types for comparison: {} and {}", a.type_name(), b.type_name());
}

bool is_zero_length(const Value& value) {
  if (absent(value)) return true;
  return (value.kind() == Kind::kList && value.as_list().empty()) ||
         (value.kind() == Kind::kMap && value.as_map().empty());
}

/// Times, and what cannot be compared.
Result<bool> equal_others(const Value& a, const Value& b) {
  if (absent(a) || absent(b)) return is_zero_length(a) == is_zero_length(b);
  if (a.kind() == Kind::kTime && b.kind() == Kind::kTime) return a.as_time().same_instant(b.as_time());
  TOCSIN_TRY(const std::string text, sprint(Args(&b, 1)));
  return fail(Errc::kExecution, "non-comparable type {}: {}", text, b.type_name());
}

Result<bool> equal_pair(const Value& a, const Value& b) {
  const Basic ka = basic_kind(a), kb = basic_kind(b);
  if (ka == Basic::kInt && kb == Basic::kUint) {
    return a.as_int() >= 0 && static_cast<std::uint64_t>(a.as_int()) == b.as_uint();
  }
  if (ka == Basic::kUint && kb == Basic::kInt) {
    return b.as_int() >= 0 && static_cast<std::uint64_t>(b.as_int()) == a.as_uint();
  }
  if (ka != kb) {
    if (absent(a) || absent(b)) return false;
    return incompatible(a, b);
  }
  switch (ka) {
    case Basic::kBool:
      return a.as_bool() == b.as_bool();
    case Basic::kInt:
      return a.as_int() == b.as_int();
    case Basic::kUint:
      return a.as_uint() == b.as_uint();
    case Basic::kFloat:
      return a.as_float() == b.as_float();
    case Basic::kString:
      return a.as_string() == b.as_string();
    default:
      return equal_others(a, b);
  }
}

R equal(Args args) {
  if (args.size() < 2) return fail(Errc::kExecution, "missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    TOCSIN_TRY(const bool same, equal_pair(args[0], other));
    if (same) return Value(true);
  }
  return Value(false);
}

Result<bool> less_pair(const Value& a, const Value& b) {
  const Basic ka = basic_kind(a), kb = basic_kind(b);
  if (ka == Basic::kInvalid || kb == Basic::kInvalid) return fail(Errc::kExecution, "invalid type for comparison");
  if (ka == Basic::kInt && kb == Basic::kUint) {
    return a.as_int() < 0 || static_cast<std::uint64_t>(a.as_int()) < b.as_uint();
  }
  if (ka == Basic::kUint && kb == Basic::kInt) {
    return b.as_int() >= 0 && a.as_uint() < static_cast<std::uint64_t>(b.as_int());
  }
  if (ka != kb) return incompatible(a, b);
  switch (ka) {
    case Basic::kInt:
      return a.as_int() < b.as_int();
    case Basic::kUint:
      return a.as_uint() < b.as_uint();
    case Basic::kFloat:
      return a.as_float() < b.as_float();
    case Basic::kString:
      return a.as_string() < b.as_string();
    default:
      return fail(Errc::kExecution, "invalid type for comparison");
  }
}

R not_equal(Args args) {
  TOCSIN_TRY(const bool same, equal_pair(args[0], args[1]));
  return Value(!same);
}
R less(Args args) {
  TOCSIN_TRY(const bool result, less_pair(args[0], args[1]));
  return Value(result);
}
Result<bool> less_or_equal_pair(Args args) {
  TOCSIN_TRY(const bool below, less_pair(args[0], args[1]));
  if (below) return true;
  return equal_pair(args[0], args[1]);
}
R less_or_equal(Args args) {
  TOCSIN_TRY(const bool result, less_or_equal_pair(args));
  return Value(result);
}
R greater(Args args) {
  TOCSIN_TRY(const bool result, less_or_equal_pair(args));
  return Value(!result);
}
R greater_or_equal(Args args) {
  TOCSIN_TRY(const bool result, less_pair(args[0], args[1]));
  return Value(!result);
}

/// The executor puts the text of the callee in front of the callee and its arguments.
R call(Args args) {
  const std::string& name = args[0].as_string();
  if (absent(args[1])) return fail(Errc::kExecution, "call of nil");
  if (args[1].kind() != Kind::kFunction) {
    return fail(Errc::kExecution, "non-function {} of type {}", name, args[1].type_name());
  }
  const Function& function = args[1].as_function();
  const Args rest = args.subspan(2);
  const std::size_t fixed = function.variadic ? function.params.size() - 1 : function.params.size();
  if (function.variadic ? rest.size() < fixed : rest.size() != fixed) {
    return fail(Errc::kExecution, "wrong number of args for {}: got {} want {}{}", name, rest.size(),
                function.variadic ? "at least " : "", fixed);
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Type& wanted = *function.params[std::min(i, function.params.size() - 1)];
    if (rest[i].valid() && !assignable(*rest[i].type(), wanted)) {
      return fail(Errc::kExecution, "arg {}: value has type {}; should be {}", i, rest[i].type_name(), wanted.name);
    }
  }
  return function.call(rest);
}

/// The arguments as text, the way an action prints them.
Result<std::string> text_of(Args args) {
  if (args.size() == 1 && args[0].valid() && args[0].type() == &kStringType) return args[0].as_string();
  std::vector<Value> shown;
  for (const Value& arg : args) shown.push_back(absent(arg) ? Value("<no value>") : arg);
  return sprint(shown);
}

template <auto Convert>
R text_function(Args args) {
  TOCSIN_TRY(const std::string text, text_of(args));
  return Value(Convert(text));
}

R as_value(Result<std::string> text) {
  if (!text) return fail(std::move(text).error());
  return Value(std::move(*text));
}

FuncMap make_builtins() {
  const std::vector<const Type*> any{&kAnyType}, two{&kAnyType, &kAnyType}, text_and_any{&kStringType, &kAnyType};
  auto unreachable = [](Args args) -> R { return args[0]; };  // the executor evaluates and, or itself
  FuncMap f;
  f["and"] = {two, true, unreachable};
  f["or"] = {two, true, unreachable};
  f["not"] = {any, false, [](Args args) -> R { return Value(!args[0].truth()); }};
  f["call"] = {two, true, call};
  f["index"] = {two, true, index};
  f["slice"] = {two, true, slice};
  f["len"] = {any, false, length};
  f["eq"] = {two, true, equal};
  f["ne"] = {two, false, not_equal};
  f["lt"] = {two, false, less};
  f["le"] = {two, false, less_or_equal};
  f["gt"] = {two, false, greater};
  f["ge"] = {two, false, greater_or_equal};
  f["print"] = {any, true, [](Args args) { return as_value(sprint(args)); }};
  f["println"] = {any, true, [](Args args) { return as_value(sprintln(args)); }};
  f["printf"] = {text_and_any, true, [](Args args) { return as_value(sprintf(args[0].as_string(), args.subspan(1))); }};
  f["html"] = {any, true, text_function<html_escape>};
  f["js"] = {any, true, text_function<js_escape>};
  f["urlquery"] = {any, true, text_function<query_escape>};
  return f;
}

}  // namespace

const FuncMap& builtin_functions() {
  static const FuncMap functions = make_builtins();
  return functions;
}

}  // namespace tocsin::tmpl
