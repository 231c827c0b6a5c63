// The HTML e-mail that Alertmanager's users know, to the byte. Its look is that of Mailgun's transactional e-mail
// templates (MIT, https://github.com/mailgun/transactional-email-templates): mail programs want every style inline, so
// the text here has names in `@...@` for the styles.

#include "template/email_template.hpp"

#include <string_view>
#include <utility>

#include "base/strings.hpp"

namespace tocsin::tmpl {

namespace {

constexpr std::string_view kMail = R"tmpl({{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "__email_title" }}{{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}
                {{ .Name }}={{ .Value }}{{ if not $.Alerts.Firing }} {{ end }}
              {{ end }}{{ end }}
{{ define "__email_alert" }}
                <tr style="@base@">
                  <td class="content-block" style="@block@" valign="top">
                    <strong style="@base@">Labels</strong>@br@
                    {{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}@br@{{ end }}
                    {{ if gt (len .Annotations) 0 }}<strong style="@base@">Annotations</strong>@br@{{ end }}
                    {{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}@br@{{ end }}
                    <a href="{{ .GeneratorURL }}" style="@base@ color: #348eda; text-decoration: underline;">Source</a>@br@
                  </td>
                </tr>
                {{ end }}
{{ define "__email_heading" }}
                <tr style="@base@">
                  <td class="content-block" style="@block@" valign="top">
                    <strong style="@base@">[{{ len . }}] {{ (index . 0).Status | title }}</strong>
                  </td>
                </tr>
                {{ end }}
{{ define "email.default.html" }}

<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" style="@base@">
<head>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
<title>{{ template "__subject" . }}</title>
<style>
@media only screen and (max-width: 640px) {
  body {
    padding: 0 !important;
  }

  h1,
h2,
h3,
h4 {
    font-weight: 800 !important;
    margin: 20px 0 5px !important;
  }

  h1 {
    font-size: 22px !important;
  }

  h2 {
    font-size: 18px !important;
  }

  h3 {
    font-size: 16px !important;
  }

  .container {
    padding: 0 !important;
    width: 100% !important;
  }

  .content {
    padding: 0 !important;
  }

  .content-wrap {
    padding: 10px !important;
  }

  .invoice {
    width: 100% !important;
  }
}
</style>
</head>

<body itemscope itemtype="http://schema.org/EmailMessage" style="@base@ -webkit-font-smoothing: antialiased; -webkit-text-size-adjust: none; height: 100%; line-height: 1.6em; background-color: #f6f6f6; width: 100%;">

<table class="body-wrap" style="@base@ background-color: #f6f6f6; width: 100%;" width="100%" bgcolor="#f6f6f6">
  <tr style="@base@">
    <td style="@base@ vertical-align: top;" valign="top"></td>
    <td class="container" width="600" style="@font@ font-size: 14px; vertical-align: top; display: block; max-width: 600px; margin: 0 auto; clear: both;" valign="top">
      <div class="content" style="@font@ font-size: 14px; max-width: 600px; margin: 0 auto; display: block; padding: 20px;">
        <table class="main" width="100%" cellpadding="0" cellspacing="0" style="@base@ background-color: #fff; border: 1px solid #e9e9e9; border-radius: 3px;" bgcolor="#fff">
          <tr style="@base@">
            {{ if gt (len .Alerts.Firing) 0 }}
            <td class="alert alert-warning" style="@title@ background-color: #E6522C;" valign="top" align="center" bgcolor="#E6522C">
              {{ template "__email_title" . }}
            </td>
            {{ else }}
            <td class="alert alert-good" style="@title@ background-color: #68B90F;" valign="top" align="center" bgcolor="#68B90F">
              {{ template "__email_title" . }}
            </td>
            {{ end }}
          </tr>
          <tr style="@base@">
            <td class="content-wrap" style="@base@ vertical-align: top; padding: 30px;" valign="top">
              <table width="100%" cellpadding="0" cellspacing="0" style="@base@">
                <tr style="@base@">
                  <td class="content-block" style="@block@" valign="top">
                    <a href="{{ template "__alertmanagerURL" . }}" class="btn-primary" style="@base@ text-decoration: none; color: #FFF; background-color: #348eda; border: solid #348eda; border-width: 10px 20px; line-height: 2em; font-weight: bold; text-align: center; cursor: pointer; display: inline-block; border-radius: 5px; text-transform: capitalize;">View in {{ template "__alertmanager" . }}</a>
                  </td>
                </tr>
                {{ with .Alerts.Firing }}{{ template "__email_heading" . }}{{ end }}
                {{ range .Alerts.Firing }}{{ template "__email_alert" . }}{{ end }}

                {{ if gt (len .Alerts.Resolved) 0 }}
                  {{ if gt (len .Alerts.Firing) 0 }}
                <tr style="@base@">
                  <td class="content-block" style="@block@" valign="top">
                    @br@
                    <hr style="@base@">
                    @br@
                  </td>
                </tr>
                  {{ end -}}
                  {{ template "__email_heading" .Alerts.Resolved }}{{ end }}
                {{ range .Alerts.Resolved }}{{ template "__email_alert" . }}{{ end }}
              </table>
            </td>
          </tr>
        </table>

        <div class="footer" style="@base@ width: 100%; clear: both; color: #999; padding: 20px;">
          <table width="100%" style="@base@">
            <tr style="@base@">
              <td class="aligncenter content-block" style="margin: 0; @font@ vertical-align: top; padding: 0 0 20px; text-align: center; color: #999; font-size: 12px;" valign="top" align="center"><a href="{{ .ExternalURL }}" style="margin: 0; @font@ text-decoration: underline; color: #999; font-size: 12px;">Sent by {{ template "__alertmanager" . }}</a></td>
            </tr>
          </table>
        </div></div>
    </td>
    <td style="@base@ vertical-align: top;" valign="top"></td>
  </tr>
</table>

</body>
</html>

{{ end }}
)tmpl";

/// In an order in which a name stands before those that its text has.
constexpr std::pair<std::string_view, std::string_view> kStyles[] = {
    {"@br@", R"(<br style="@base@">)"},
    {"@block@", "@base@ vertical-align: top; padding: 0 0 20px;"},
    {"@title@",
     "margin: 0; @font@ vertical-align: top; font-size: 16px; color: #fff; font-weight: 500; padding: 20px; "
     "text-align: center; border-radius: 3px 3px 0 0;"},
    {"@base@", "margin: 0; @font@ font-size: 14px;"},
    {"@font@", "font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; box-sizing: border-box;"},
};

}  // namespace

const std::string& email_templates() {
  static const std::string text = [] {
    std::string out(kMail);
    for (const auto& [name, style] : kStyles) out = replace_all(std::move(out), name, style);
    return out;
  }();
  return text;
}

}  // namespace tocsin::tmpl
