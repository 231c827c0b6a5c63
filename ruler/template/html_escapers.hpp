#pragma once
// What the contextual escaping of HTML templates puts behind an action: functions that make a value safe where it
// stands. Names, results and the mark "ZgotmplZ" of what cannot be made safe are Go's. Source: Go html/template.

#include "template/value.hpp"

namespace tocsin::tmpl::html {

/// _html_template_htmlescaper and its kin, by name.
const FuncMap& escapers();

}  // namespace tocsin::tmpl::html
