#include "config/environment.hpp"

#include <cstdlib>

namespace tocsin::config {
namespace {

bool is_special(char c) {
  return std::string_view("*#$@!?-0123456789").find(c) != std::string_view::npos;
}

bool is_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct ShellName {
  std::string_view name;
  std::size_t width = 0;  // bytes of it in the text, with braces
};

/// The name that stands behind a dollar. No name and a width: broken, to be left out.
ShellName shell_name(std::string_view text) {
  if (text.front() == '{') {
    if (text.size() > 2 && is_special(text[1]) && text[2] == '}') return {text.substr(1, 1), 3};
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return {"", 1};
    return {text.substr(1, end - 1), end + 1};
  }
  if (is_special(text.front())) return {text.substr(0, 1), 1};
  std::size_t length = 0;
  while (length < text.size() && is_name(text[length])) ++length;
  return {text.substr(0, length), length};
}

}  // namespace

const Environment& process_environment() {
  static const Environment environment = [](const std::string& name) -> std::string {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
  };
  return environment;
}

std::string expand_environment(std::string_view text, const Environment& environment,
                               std::vector<std::string>& missing) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    const ShellName found = text.empty() ? ShellName{} : shell_name(text);
    text.remove_prefix(found.width);
    if (found.name == "$" || found.width == 0) {
      out += '$';
    } else if (!found.name.empty()) {
      const std::string value = environment(std::string(found.name));
      if (value.empty()) missing.emplace_back(found.name);
      out += value;
    }
  }
  return out;
}

}  // namespace tocsin::config
