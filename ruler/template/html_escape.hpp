#pragma once
// Contextual escaping of HTML templates: the tree is rewritten so that every action's value is made safe where it
// stands: in text, an attribute, a URL, a style or a script.
//   html_context.hpp: where a place lies · html_transition*.cpp: what text does to it · html_escapers.hpp: the
//   functions
// Source: Go html/template.

#include <string>

#include "base/result.hpp"
#include "template/parser.hpp"

namespace tocsin::tmpl::html {

/// All templates with `name`, and what it reaches, rewritten to call escapers(). A template that is called within
/// another context than text becomes a second one beside it. The argument stays as it is.
/// @return kInvalid in Go's words: "html/template:x:1:5: {{if}} branches end in different contexts: ...".
Result<DefinitionMap> escape(const DefinitionMap& definitions, const std::string& name);

}  // namespace tocsin::tmpl::html
