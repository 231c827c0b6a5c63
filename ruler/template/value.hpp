#pragma once
// The dynamic values of templates, with as much of Go's type system as a template can see: a value is data plus the
// type whose name error texts show, whose methods a chain may call, and whose zero a missing map key yields.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "template/go_time.hpp"

namespace tocsin::tmpl {

class Value;
struct Function;

enum class Kind { kBool, kInt, kUint, kFloat, kString, kList, kMap, kStruct, kTime, kFunction, kInterface };

struct Type;
using Args = std::span<const Value>;

/// A method of a type; `self` is the receiver. Errors carry the text only, the executor adds the place.
struct Method {
  std::string_view name;
  std::span<const Type* const> params;
  Result<Value> (*call)(const Value& self, Args args);
};

/// One Go type. All are constants with static storage: two types are equal iff their addresses are.
struct Type {
  std::string_view name;  // as Go's %T prints it: "map[string]string", "template.KV"
  Kind kind = Kind::kInterface;
  const Type* elem = nullptr;        // of a list or a map (whose keys are strings)
  const Type* underlying = nullptr;  // of a named list or map: the unnamed type it can be assigned to and from
  const Type* target = nullptr;      // of a pointer: what it points to; a value of it holds the data itself
  std::span<const std::string_view> fields = {};       // of a struct, in the order of declaration
  std::span<const std::string_view> json_fields = {};  // their names in JSON
  std::span<const Method> methods = {};
  std::string (*text)(const Value& self) = nullptr;  // String(), which printing prefers to the data

  const Method* method(std::string_view method_name) const;
  bool is_pointer() const { return target != nullptr; }
};

extern const Type kBoolType, kIntType, kInt64Type, kUint8Type, kUint64Type, kFloatType, kStringType;
/// interface {}: the type of anything, as a parameter and as an element.
extern const Type kAnyType;
extern const Type kAnyListType, kStringListType, kAnyMapType, kStringMapType;
/// A text that HTML escaping leaves alone (safeHtml), and a URL (safeUrl).
extern const Type kHtmlType, kUrlType;
extern const Type kFunctionType;
extern const Type kTimeType, kTimePointerType, kDurationType, kDurationPointerType, kMonthType, kWeekdayType;

/// Can a value of type `from` be passed where `to` is wanted?
bool assignable(const Type& from, const Type& to);
/// Does the type have a nil?
bool can_be_nil(const Type& type);

using ListData = std::vector<Value>;
using MapData = std::map<std::string, Value, std::less<>>;

/// Immutable; copies share lists, maps and structs. Thread: any.
/// Nil has two faces, as in Go: no value at all (type() == nullptr: what printing shows as "<no value>"), and an empty
/// interface{} (kAnyType: an element or missing key of a map or list of anything).
class Value {
 public:
  Value() = default;
  Value(bool v) : type_(&kBoolType), data_(v) {}                      // NOLINT: data is a value
  Value(int v) : type_(&kIntType), data_(std::int64_t{v}) {}          // NOLINT
  Value(std::int64_t v) : type_(&kIntType), data_(v) {}               // NOLINT
  Value(double v) : type_(&kFloatType), data_(v) {}                   // NOLINT
  Value(std::string v) : type_(&kStringType), data_(std::move(v)) {}  // NOLINT
  Value(std::string_view v) : Value(std::string(v)) {}                // NOLINT
  Value(const char* v) : Value(std::string(v)) {}                     // NOLINT
  Value(Time v) : type_(&kTimeType), data_(std::move(v)) {}           // NOLINT
  static Value integer(std::int64_t v, const Type& type);
  static Value unsigned_integer(std::uint64_t v, const Type& type);
  static Value text(std::string v, const Type& type);
  static Value time(Time v, const Type& type);
  static Value list(ListData v, const Type& type = kAnyListType);
  static Value map(MapData v, const Type& type = kAnyMapType);
  /// `fields` in the order of type.fields; a pointer type's of its target.
  static Value object(ListData fields, const Type& type);
  static Value function(std::shared_ptr<const Function> v);
  static Value duration(Duration v, const Type& type = kDurationType) { return integer(v.count(), type); }
  static Value nil_interface();
  /// The zero of a type: "", 0, false, an empty list or map; an empty interface{} for kAnyType.
  static Value zero(const Type& type);

  bool valid() const { return type_ != nullptr; }
  /// No value, or an empty interface.
  bool is_nil() const { return type_ == nullptr || type_->kind == Kind::kInterface; }
  const Type* type() const { return type_; }
  Kind kind() const { return type_->kind; }  // valid() only
  /// %T: "<nil>" if there is no value.
  std::string_view type_name() const { return type_ ? type_->name : "<nil>"; }

  // The data; the kind must fit.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  std::uint64_t as_uint() const { return std::get<std::uint64_t>(data_); }
  double as_float() const { return std::get<double>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const Time& as_time() const { return std::get<Time>(data_); }
  const ListData& as_list() const { return *std::get<std::shared_ptr<const ListData>>(data_); }
  const MapData& as_map() const { return *std::get<std::shared_ptr<const MapData>>(data_); }
  const ListData& as_fields() const { return as_list(); }
  const Function& as_function() const { return *std::get<std::shared_ptr<const Function>>(data_); }
  Duration as_duration() const { return Duration(as_int()); }

  /// Field of a struct by name; nullptr if it has none.
  const Value* field(std::string_view name) const;
  /// A pointer's target, else the value itself.
  Value indirect() const;
  /// The same data seen as another type of the same kind.
  Value as(const Type& type) const;
  /// Truth as `if` sees it.
  bool truth() const;
  /// How deep lists, maps and structs are nested: 0 for plain data.
  unsigned depth() const;

 private:
  const Type* type_ = nullptr;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Time,
               std::shared_ptr<const ListData>, std::shared_ptr<const MapData>, std::shared_ptr<const Function>>
      data_;
  std::uint32_t depth_ = 0;
};

/// A function that templates may call.
struct Function {
  std::vector<const Type*> params;  // of a variadic one the last is the type of each further argument
  bool variadic = false;
  std::function<Result<Value>(Args)> call;
};

using FuncMap = std::map<std::string, Function, std::less<>>;

}  // namespace tocsin::tmpl
