#include "template/template.hpp"

#include "base/strings.hpp"
#include "template/exec.hpp"
#include "template/html_escape.hpp"

namespace tocsin::tmpl {

Template::Template(std::shared_ptr<const FuncMap> functions) : functions_(std::move(functions)) {}

Result<Template> Template::parse(const std::string& name, std::string_view text,
                                 std::shared_ptr<const FuncMap> functions) {
  Template out(std::move(functions));
  TOCSIN_OK(out.add(name, text));
  return out;
}

Result<void> Template::add(const std::string& name, std::string_view text) {
  return add(name, text, {});
}

Result<void> Template::add(const std::string& name, std::string_view text, const ExecOptions& options) {
  auto known = [&](std::string_view function) {
    return functions_->contains(function) || builtin_functions().contains(function) ||
           (options.functions != nullptr && options.functions->contains(function));
  };
  TOCSIN_TRY(DefinitionMap parsed, parse_template(name, text, known));
  for (auto& [defined, definition] : parsed) {
    auto& slot = definitions_[defined];
    if (slot && definition->root.is_empty()) continue;
    slot = std::move(definition);
  }
  return {};
}

std::vector<std::string> Template::names() const {
  std::vector<std::string> out;
  for (const auto& [name, definition] : definitions_) out.push_back(name);
  return out;
}

Result<std::string> Template::execute(std::string_view name, const Value& data, const ExecOptions& options) const {
  auto it = definitions_.find(name);
  if (it == definitions_.end()) {
    return fail(Errc::kNotFound, "template: no template {} associated with template", go_quote(name));
  }
  return Executor(definitions_, *functions_, options).run(*it->second, data);
}

Result<std::string> Template::execute_html(std::string_view name, const Value& data, const ExecOptions& options) const {
  TOCSIN_TRY(const DefinitionMap escaped, html::escape(definitions_, std::string(name)));
  return Executor(escaped, *functions_, options).run(*escaped.find(name)->second, data);
}

Result<void> Template::check_html(std::string_view name) const {
  TOCSIN_OK(html::escape(definitions_, std::string(name)));
  return {};
}

}  // namespace tocsin::tmpl
