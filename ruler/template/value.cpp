#include "template/value.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace tocsin::tmpl {

constinit const Type kBoolType{.name = "bool", .kind = Kind::kBool};
constinit const Type kIntType{.name = "int", .kind = Kind::kInt};
constinit const Type kInt64Type{.name = "int64", .kind = Kind::kInt};
constinit const Type kUint8Type{.name = "uint8", .kind = Kind::kUint};
constinit const Type kUint64Type{.name = "uint64", .kind = Kind::kUint};
constinit const Type kFloatType{.name = "float64", .kind = Kind::kFloat};
constinit const Type kStringType{.name = "string", .kind = Kind::kString};
constinit const Type kAnyType{.name = "interface {}", .kind = Kind::kInterface};
constinit const Type kAnyListType{.name = "[]interface {}", .kind = Kind::kList, .elem = &kAnyType};
constinit const Type kStringListType{.name = "[]string", .kind = Kind::kList, .elem = &kStringType};
constinit const Type kAnyMapType{.name = "map[string]interface {}", .kind = Kind::kMap, .elem = &kAnyType};
constinit const Type kStringMapType{.name = "map[string]string", .kind = Kind::kMap, .elem = &kStringType};
constinit const Type kHtmlType{.name = "template.HTML", .kind = Kind::kString};
constinit const Type kUrlType{.name = "template.URL", .kind = Kind::kString};
constinit const Type kFunctionType{.name = "func", .kind = Kind::kFunction};

const Method* Type::method(std::string_view method_name) const {
  auto it = std::ranges::find(methods, method_name, &Method::name);
  if (it != methods.end()) return &*it;
  return target ? target->method(method_name) : nullptr;
}

bool assignable(const Type& from, const Type& to) {
  return &from == &to || to.kind == Kind::kInterface || from.underlying == &to || to.underlying == &from;
}

bool can_be_nil(const Type& type) {
  return type.is_pointer() || type.kind == Kind::kInterface || type.kind == Kind::kList || type.kind == Kind::kMap ||
         type.kind == Kind::kFunction;
}

Value Value::integer(std::int64_t v, const Type& type) {
  Value out;
  out.type_ = &type;
  out.data_ = v;
  return out;
}

Value Value::unsigned_integer(std::uint64_t v, const Type& type) {
  Value out;
  out.type_ = &type;
  out.data_ = v;
  return out;
}

Value Value::text(std::string v, const Type& type) {
  Value out;
  out.type_ = &type;
  out.data_ = std::move(v);
  return out;
}

Value Value::time(Time v, const Type& type) {
  Value out;
  out.type_ = &type;
  out.data_ = std::move(v);
  return out;
}

Value Value::list(ListData v, const Type& type) {
  Value out;
  out.type_ = &type;
  for (const Value& element : v) out.depth_ = std::max(out.depth_, element.depth_);
  ++out.depth_;
  out.data_ = std::make_shared<const ListData>(std::move(v));
  return out;
}

Value Value::map(MapData v, const Type& type) {
  Value out;
  out.type_ = &type;
  for (const auto& [key, element] : v) out.depth_ = std::max(out.depth_, element.depth_);
  ++out.depth_;
  out.data_ = std::make_shared<const MapData>(std::move(v));
  return out;
}

Value Value::object(ListData fields, const Type& type) {
  const Type& shape = type.target ? *type.target : type;
  check(shape.kind == Kind::kStruct && shape.fields.size() == fields.size(), "BUG: a struct with other fields");
  return list(std::move(fields), type);
}

Value Value::function(std::shared_ptr<const Function> v) {
  Value out;
  out.type_ = &kFunctionType;
  out.data_ = std::move(v);
  return out;
}

Value Value::nil_interface() {
  Value out;
  out.type_ = &kAnyType;
  return out;
}

Value Value::zero(const Type& type) {
  switch (type.kind) {
    case Kind::kBool: {
      Value out(false);
      out.type_ = &type;
      return out;
    }
    case Kind::kInt:
      return integer(0, type);
    case Kind::kUint:
      return unsigned_integer(0, type);
    case Kind::kFloat: {
      Value out(0.0);
      out.type_ = &type;
      return out;
    }
    case Kind::kString:
      return text("", type);
    case Kind::kList:
      return list({}, type);
    case Kind::kMap:
      return map({}, type);
    case Kind::kTime:
      return time(Time{}, type);
    case Kind::kStruct: {
      const Type& shape = type.target ? *type.target : type;
      return object(ListData(shape.fields.size()), type);
    }
    case Kind::kFunction:
    case Kind::kInterface:
      break;
  }
  return nil_interface();
}

const Value* Value::field(std::string_view name) const {
  if (!valid() || kind() != Kind::kStruct) return nullptr;
  const Type& shape = type_->target ? *type_->target : *type_;
  auto it = std::ranges::find(shape.fields, name);
  if (it == shape.fields.end()) return nullptr;
  return &as_fields()[static_cast<std::size_t>(it - shape.fields.begin())];
}

Value Value::indirect() const {
  return type_ && type_->target ? as(*type_->target) : *this;
}

Value Value::as(const Type& type) const {
  Value out = *this;
  out.type_ = &type;
  return out;
}

bool Value::truth() const {
  if (is_nil()) return false;
  if (type_->is_pointer()) return true;
  switch (kind()) {
    case Kind::kBool:
      return as_bool();
    case Kind::kInt:
      return as_int() != 0;
    case Kind::kUint:
      return as_uint() != 0;
    case Kind::kFloat:
      return as_float() != 0;
    case Kind::kString:
      return !as_string().empty();
    case Kind::kList:
      return !as_list().empty();
    case Kind::kMap:
      return !as_map().empty();
    default:
      return true;
  }
}

unsigned Value::depth() const {
  return depth_;
}

}  // namespace tocsin::tmpl
