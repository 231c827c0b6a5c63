#include "base/log_line.hpp"

#include "base/json_string.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::log {
namespace {

/// Keys are made by us, but a field's name may come from outside: what would break the line is dropped.
void append_key(std::string& out, std::string_view key) {
  for (const char c : key) {
    if (c > ' ' && c != '=' && c != '"' && c != 0x7f) out += c;
  }
}

bool needs_quotes(std::string_view value) {
  if (value == "null") return true;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '=' || byte == '"' || byte == 0x7f) return true;
  }
  return !is_valid_utf8(value);
}

void append_logfmt(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty()) out += ' ';
  append_key(out, key);
  out += '=';
  if (needs_quotes(value)) {
    append_json_string(out, value);
  } else {
    out += value;
  }
}

void append_json(std::string& out, std::string_view key, std::string_view value) {
  out += out.empty() ? '{' : ',';
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

/// RFC 3339 with all three digits of the milliseconds, so that lines align.
std::string stamp(Timestamp now) {
  std::string text = format_rfc3339(now);
  text.pop_back();
  const std::size_t point = text.find('.');
  if (point == std::string::npos) text += '.';
  const std::size_t digits = point == std::string::npos ? 0 : text.size() - point - 1;
  text.append(3 - digits, '0');
  return text + 'Z';
}

template <typename Append>
std::string make_line(Append append, Timestamp now, Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields) {
  std::string out;
  append(out, "ts", stamp(now));
  append(out, "level", level_text(level));
  append(out, "component", component);
  append(out, "msg", message);
  for (const Field& field : fields) append(out, field.key, field.value);
  return out;
}

}  // namespace

std::string_view level_text(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      break;
  }
  return "error";
}

std::string logfmt_line(Timestamp now, Level level, std::string_view component, std::string_view message,
                        std::initializer_list<Field> fields) {
  return make_line(append_logfmt, now, level, component, message, fields);
}

std::string json_line(Timestamp now, Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields) {
  return make_line(append_json, now, level, component, message, fields) + '}';
}

}  // namespace tocsin::log
