#include "config/environment.hpp"

#include <algorithm>
#include <cstdlib>

#include "yaml/rewrite.hpp"

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

/// The length of the name that the text begins with.
std::size_t variable_length(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return 0;
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name) - text.begin());
}

/// Takes `{NAME}` or `{NAME:-default}` off the front; false if the text begins with neither.
bool take_reference(std::string_view& text, std::string_view& name, std::string_view& fallback, bool& has_fallback) {
  if (!text.starts_with('{')) return false;
  name = text.substr(1, variable_length(text.substr(1)));
  std::string_view rest = text.substr(1 + name.size());
  if (name.empty()) return false;
  has_fallback = rest.starts_with(":-");
  if (has_fallback) {
    rest.remove_prefix(2);
    fallback = rest.substr(0, rest.find('}'));
    rest.remove_prefix(fallback.size());
  }
  if (!rest.starts_with('}')) return false;
  text = rest.substr(1);
  return true;
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

Result<std::string> expand_variables(std::string_view text, const Environment& environment) {
  std::string out;
  for (;;) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return out;
    text.remove_prefix(dollar + 1);
    std::string_view name;
    std::string_view fallback;
    bool has_fallback = false;
    if (take_reference(text, name, fallback, has_fallback)) {
      const std::string value = environment(std::string(name));
      if (value.empty() && !has_fallback) {
        return fail(Errc::kInvalid, "environment variable {} is empty or not set; ${{{}:-...}} gives it a default",
                    name, name);
      }
      out += value.empty() ? fallback : std::string_view(value);
    } else {
      out += '$';
      if (text.starts_with('$')) text.remove_prefix(1);
    }
  }
}

Result<yaml::Node> expand_variables(const yaml::Node& root, const std::vector<std::string_view>& excluded,
                                    const LoadOptions& options) {
  if (!options.expand_env) return root;
  return yaml::rewrite(root, [&](const yaml::Node& scalar, const yaml::KeyPath& path) -> Result<std::string> {
    const bool is_excluded = std::any_of(path.begin(), path.end(), [&](std::string_view key) {
      return std::find(excluded.begin(), excluded.end(), key) != excluded.end();
    });
    if (is_excluded || scalar.text().contains("{{")) return scalar.text();
    auto expanded = expand_variables(scalar.text(), options.environment);
    if (!expanded) return scalar.error("{}", expanded.error().message);
    return expanded;
  });
}

}  // namespace tocsin::config
