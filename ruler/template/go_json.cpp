#include "template/go_json.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/json_string.hpp"
#include "template/go_format.hpp"

namespace tocsin::tmpl {

namespace {

Result<void> append(std::string& out, const Value& value);

/// Go's JSON floats: 'f', or 'e' beyond 1e-6 and 1e21, with exponents of at least one digit ("1e-7").
std::string float_json(double value) {
  std::string text = format_float_api(value);
  const std::size_t e = text.find("e-0");
  if (e != std::string::npos) text.erase(e + 2, 1);
  return text;
}

template <typename Items, typename Write>
Result<void> append_sequence(std::string& out, char open, char close, const Items& items, Write write) {
  out += open;
  bool first = true;
  for (const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    TOCSIN_OK(write(item));
    if (out.size() > kMaxTextBytes)
      return fail(Errc::kLimit, "JSON is longer than the limit of {} bytes", kMaxTextBytes);
  }
  out += close;
  return {};
}

Result<void> append_struct(std::string& out, const Value& value) {
  const Type& shape = value.type()->target ? *value.type()->target : *value.type();
  const auto& names = shape.json_fields.empty() ? shape.fields : shape.json_fields;
  std::size_t i = 0;
  return append_sequence(out, '{', '}', value.as_fields(), [&](const Value& field) -> Result<void> {
    append_json_string(out, names[i++], JsonStyle::kGo);
    out += ':';
    return append(out, field);
  });
}

Result<void> append(std::string& out, const Value& value) {
  if (value.is_nil()) {
    out += "null";
    return {};
  }
  switch (value.kind()) {
    case Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return {};
    case Kind::kInt:
      out += fmt::format("{}", value.as_int());
      return {};
    case Kind::kUint:
      out += fmt::format("{}", value.as_uint());
      return {};
    case Kind::kFloat:
      if (!std::isfinite(value.as_float())) {
        return fail(Errc::kExecution, "json: unsupported value: {}", format_float_g(value.as_float()));
      }
      out += float_json(value.as_float());
      return {};
    case Kind::kString:
      append_json_string(out, value.as_string(), JsonStyle::kGo);
      return {};
    case Kind::kTime:
      append_json_string(out, format_time(value.as_time(), "2006-01-02T15:04:05.999999999Z07:00"), JsonStyle::kGo);
      return {};
    case Kind::kList:
      return append_sequence(out, '[', ']', value.as_list(), [&](const Value& item) { return append(out, item); });
    case Kind::kMap:
      return append_sequence(out, '{', '}', value.as_map(), [&](const auto& item) -> Result<void> {
        append_json_string(out, item.first, JsonStyle::kGo);
        out += ':';
        return append(out, item.second);
      });
    case Kind::kStruct:
      return append_struct(out, value);
    case Kind::kFunction:
    case Kind::kInterface:
      break;
  }
  return fail(Errc::kExecution, "json: unsupported type: {}", value.type_name());
}

}  // namespace

Result<std::string> to_json(const Value& value) {
  std::string out;
  TOCSIN_OK(append(out, value));
  return out;
}

void JsonObject::key(std::string_view key) {
  if (out_.size() > 1) out_ += ',';
  append_json_string(out_, key, JsonStyle::kGo);
  out_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  key(name);
  append_json_string(out_, value, JsonStyle::kGo);
  return *this;
}

JsonObject& JsonObject::text_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  return raw(name, fmt::format("{}", value));
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
  return *this;
}

}  // namespace tocsin::tmpl
