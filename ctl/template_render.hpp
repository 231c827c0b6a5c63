#pragma once
// `tocsinctl template render`: what a template of notifications makes of alerts. amtool's flags.

#include <string>
#include <vector>

namespace tocsin::ctl {

struct TemplateRenderArgs {
  std::vector<std::string> globs;  // files of templates, behind the default ones
  std::string text;                // to render, such as {{ template "slack.default.text" . }}
  std::string data_file;           // the data as a webhook gets them, JSON; "": an alert of our own
  bool html = false;
};

/// Prints the text. Exit status 0, or 1 with Go's words for what is wrong.
int template_render(const TemplateRenderArgs& args);

}  // namespace tocsin::ctl
