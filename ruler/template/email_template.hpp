#pragma once
// The default e-mail: subject, HTML body.

#include <string>

namespace tocsin::tmpl {

/// Definitions of email.default.subject and email.default.html.
const std::string& email_templates();

}  // namespace tocsin::tmpl
