#!/usr/bin/env python3
"""Records what Go's text/template makes of many texts: go_cases.json beside this file.

    record_cases.py > go_cases.json

Runs `amtool template render` (Debian's prometheus-alertmanager, 0.25, Go 1.19) over TEXTS with the data below. What
differs in Alertmanager 0.34 or in newer Go is not in TEXTS; the unit tests have it.
"""
import json, os, subprocess, sys, tempfile

DEFAULTS = "/usr/share/prometheus/alertmanager/default.tmpl"

DATA = {
    "receiver": "team-x", "status": "firing", "externalURL": "http://am.example:9093",
    "groupLabels": {"alertname": "HighCPU"},
    "commonLabels": {"alertname": "HighCPU", "job": "node", "severity": "critical"},
    "commonAnnotations": {"summary": "CPU <above> 90% & \"more\""},
    "alerts": [
        {"status": "firing", "labels": {"alertname": "HighCPU", "instance": "web-1:9100", "job": "node", "severity": "critical"},
         "annotations": {"summary": "CPU <above> 90% & \"more\"", "n": "1"}, "startsAt": "2024-02-29T13:04:05.678Z",
         "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prom.example:9090/graph?g0.expr=cpu", "fingerprint": "ab906f89a7cb9bdc"},
        {"status": "resolved", "labels": {"alertname": "HighCPU", "instance": "web-2:9100", "job": "node", "severity": "critical"},
         "annotations": {"summary": "CPU <above> 90% & \"more\"", "n": "2"}, "startsAt": "2024-12-01T00:00:00Z",
         "endsAt": "2024-12-01T09:08:07.065Z", "generatorURL": "", "fingerprint": "039e18ef8070187b"},
    ],
}

A0 = "(index .Alerts 0)"
TEXTS = [
    # text, comments, trimming
    "", "plain", "{", "{{/* c */}}", "a {{- /* c */ -}} b", "a\n {{- 1 -}} \n b", "{{1 -}}  x", "{{- 1}}", "x {{-3}} y", "{{ -3 }}",
    "{{- -3 -}}", "a{{/* unclosed", "{{/* a */ 1}}", "{{/*a*/ -}} b", "{{1}", "{{1", "{{", "{{\n1\n}}", "{{ 1\n}}\n{{ $ }", "{{ \"a\nb\" }}",
    "{{ `a\nb` }}", "{{`a`}}{{`b", "}} {{1}}", "{{ 1 }}}}", "é{{ \"ü\" }}", "{{ \u2264 }}", "{{ a\u2264 }}", "{{ \x01 }}", "{{ .\x01 }}",
    # literals
    "{{ 1 }} {{ -1 }} {{ +1 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ 'a' }} {{ '\\n' }} {{ '\\u00e9' }} {{ '\\'' }}",
    "{{ 1.5 }} {{ 1e3 }} {{ 1e20 }} {{ 1e21 }} {{ .5 }} {{ 5. }} {{ 0x1p4 }} {{ 1E-7 }} {{ 123456789.0 }} {{ 1000000.0 }} {{ 100000.0 }} {{ 0.0001 }} {{ 0.00001 }}",
    "{{ 1__0 }}", "{{ 09 }}", "{{ 1e }}", "{{ 0x }}", "{{ 1x }}", "{{ 1.2.3 }}", "{{ 99999999999999999999 }}", "{{ 9223372036854775807 }}", "{{ 9223372036854775808 }}",
    "{{ -9223372036854775808 }}", "{{ 1e400 }}", "{{ '' }}", "{{ 'ab' }}", "{{ 'a", "{{ '\\z' }}", "{{ \"\\t\\x41\\101\\u00e9\\U0001F600\\\"\" }}", "{{ \"\\q\" }}", "{{ \"\\'\" }}", "{{ '\\\"' }}",
    "{{ true }} {{ false }} {{ not true }}", "{{ nil }}", "{{ print nil }}", "{{ . | nil }}", "{{ true | print }}", "{{ 1 | 2 }}", "{{ \"a\" | \"b\" }}", "{{ 1 2 }}", "{{ true 1 }}", "{{ \"a\" 1 }}", "{{ (1) 2 }}", "{{ . 1 }}",
    "{{ 1.e2 }}", "{{ .1e2 }}", "{{ - }}", "{{ + }}", "{{ 1+2 }}", "{{ ! }}", "{{ , }}", "{{ = }}", "{{ : }}", "{{ := }}", "{{ | }}", "{{ 1 | }}", "{{ | 1 }}", "{{ ( }}", "{{ () }}", "{{ (1 }}", "{{ ((1)) }}", "{{ (1).x }}", "{{ 1.x }}", "{{ \"a\".x }}", "{{ nil.x }}", "{{ ..x }}", "{{ .x. }}", "{{ $.x. }}", "{{ $x.y }}", "{{ .. }}",
    # variables
    "{{ $x := 1 }}{{ $x }}", "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "{{ $x = 1 }}", "{{ $x }}", "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}",
    "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x }}{{ end }}{{ $x }}", "{{ if true }}{{ $y := 2 }}{{ end }}{{ $y }}", "{{ $x, $y := 1 }}", "{{ $x , 1 }}", "{{ $x:=1 }}{{ $x|print }}", "{{ $x := }}", "{{ $ := 1 }}{{ $ }}", "{{ $.Status }} {{ $.Nope }}",
    "{{ with $x := .Status }}{{ $x }}{{ . }}{{ end }}", "{{ with $x := \"\" }}a{{ else }}b{{ $x }}{{ end }}", "{{ if $x := 0 }}a{{ else }}b{{ $x }}{{ end }}", "{{ define \"t\" }}{{ $x }}{{ end }}{{ $x := 1 }}", "{{ $a := 1 }}{{ $b := 2 }}{{ $a }}{{ $b }}{{ $a = $b }}{{ $a }}",
    # if, with, else
    "{{ if 1 }}a{{ end }}", "{{ if 0 }}a{{ else }}b{{ end }}", "{{ if 0 }}a{{ else if 0.0 }}b{{ else if \"\" }}c{{ else }}d{{ end }}", "{{ if .Status }}y{{ end }}{{ if .CommonLabels.nope }}y{{ else }}n{{ end }}", "{{ if .Alerts }}y{{ end }}{{ if .GroupLabels }}y{{ end }}", "{{ if }}{{ end }}", "{{ if 1 }}", "{{ else }}", "{{ end }}", "{{ if 1 }}{{ else }}{{ else }}{{ end }}", "{{ if 1 }}{{ end 1 }}", "{{ if 1 }}{{ else 1 }}{{ end }}", "{{ if 1 }}{{ define \"x\" }}{{ end }}{{ end }}",
    "{{ with .Status }}{{ . }}{{ end }}{{ with \"\" }}a{{ else }}b{{ .Status }}{{ end }}", "{{ with 1 }}{{ with 2 }}{{ . }}{{ end }}{{ . }}{{ end }}", "{{ if and 1 0 }}a{{ else if or 0 1 }}b{{ end }}", "{{ if nil }}{{ end }}", "{{ with nil }}{{ end }}", "{{ if 'a' }}x{{ end }}{{ if 0.5 }}y{{ end }}{{ if -1 }}z{{ end }}",
    # range
    "{{ range .Alerts }}{{ .Status }},{{ end }}", "{{ range $i, $a := .Alerts }}{{ $i }}={{ $a.Labels.instance }};{{ end }}", "{{ range $a := .Alerts }}{{ $a.Status }}{{ .Status }}{{ end }}", "{{ range .GroupLabels }}{{ . }}{{ end }}", "{{ range $k, $v := .CommonLabels }}{{ $k }}:{{ $v }} {{ end }}", "{{ range $v := .CommonLabels }}{{ $v }} {{ end }}", "{{ range .CommonLabels.nope }}a{{ else }}b{{ end }}", "{{ range stringSlice }}a{{ else }}b{{ .Status }}{{ end }}",
    "{{ range stringSlice \"a\" \"b\" \"c\" }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "{{ range stringSlice \"a\" \"b\" \"c\" }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}x", "{{ break }}", "{{ continue }}", "{{ range 1.5 }}{{ end }}", "{{ range true }}{{ end }}", "{{ range \"abc\" }}{{ end }}", "{{ range }}{{ end }}", "{{ range $x }}{{ end }}", "{{ range $i, }}{{ end }}", "{{ range $i, $j, $k := .Alerts }}{{ end }}", "{{ range $i, 1 }}{{ end }}", "{{ range nil }}{{ end }}",
    "{{ range stringSlice \"a\" \"b\" }}{{ range stringSlice \"1\" \"2\" }}{{ if eq . \"2\" }}{{ break }}{{ end }}{{ . }}{{ end }}{{ . }}{{ end }}", "{{ $x := \"\" }}{{ range $x = stringSlice \"a\" \"b\" }}{{ end }}{{ $x }}", "{{ $i := 0 }}{{ $x := \"\" }}{{ range $i, $x = stringSlice \"a\" \"b\" }}{{ end }}{{ $i }}{{ $x }}", "{{ range .Alerts }}{{ break 1 }}{{ end }}", "{{ range .Alerts }}{{ template \"q\" . }}{{ end }}{{ define \"q\" }}{{ break }}{{ end }}", "{{ range .Alerts }}{{ $.Status }}{{ end }}", "{{ range $.Alerts.Firing }}{{ .Fingerprint }}{{ end }}", "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}",
    # template, define, block
    "{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" 1 }}{{ template \"t\" }}", "{{ template \"nope\" }}", "{{ template nope }}", "{{ template }}", "{{ template \"t\" 1 2 }}{{ define \"t\" }}{{ end }}", "{{ define }}{{ end }}", "{{ define t }}{{ end }}", "{{ define \"t\" 1 }}{{ end }}", "{{ define \"t\" }}", "{{ define \"t\" }}{{ else }}{{ end }}", "{{ define \"t\" }}a{{ end }}{{ define \"t\" }}b{{ end }}", "{{ define \"t\" }}{{ end }}{{ define \"t\" }}b{{ end }}{{ template \"t\" }}", "{{ define \"t\" }}b{{ end }}{{ define \"t\" }} {{ end }}{{ template \"t\" }}",
    "{{ block \"b\" .Status }}<{{ . }}>{{ end }}", "{{ block \"b\" }}{{ end }}", "{{ block }}{{ end }}", "{{ block \"b\" 1 }}{{ else }}{{ end }}", "{{ define \"b\" }}D{{ end }}{{ block \"b\" 1 }}B{{ end }}", "{{ template \"__subject\" . }}", "{{ template \"__alertmanagerURL\" . }}", "{{ template `__alertmanager` . }}", "{{ define \"r\" }}{{ if gt (len .) 0 }}{{ slice . 0 1 }}-{{ template \"r\" (slice . 1) }}{{ end }}{{ end }}{{ template \"r\" \"abc\" }}",
    # fields and methods
    "{{ .Receiver }} {{ .Status }} {{ .ExternalURL }}", "{{ .CommonLabels.alertname }} {{ .CommonLabels.nope }}|", "{{ .CommonLabels.SortedPairs.Names }}", "{{ .CommonLabels.Values }}", "{{ (.CommonLabels.Remove .GroupLabels.Names).Names }}", "{{ .CommonLabels.Remove (stringSlice \"job\" \"x\") | len }}", "{{ (index .Alerts 0).Labels.instance }}", "{{ (index .Alerts 9) }}", "{{ (index .Alerts -1) }}", "{{ len .Alerts.Firing }} {{ len .Alerts.Resolved }} {{ len .Alerts }}",
    "{{ .Status.Nope }}", "{{ .Alerts.Nope }}", "{{ .CommonLabels.x.y }}", "{{ .CommonLabels.alertname 1 }}", "{{ 1 | .CommonLabels.alertname }}", "{{ .Status 1 }}", "{{ .CommonLabels.Remove }}", "{{ .CommonLabels.Remove 1 }}", "{{ .CommonLabels.Remove \"job\" }}", "{{ .CommonLabels.Names 1 }}", "{{ .Alerts.Firing.Firing }}", "{{ range .Alerts }}{{ .Nope }}{{ end }}", "{{ (.Status).Nope }}", "{{ $.CommonLabels.SortedPairs.Values | join \" \" }}", "{{ .CommonLabels.Names | len }}", 
    # calls
    "{{ toUpper \"a\" }} {{ \"A\" | toLower }} {{ title \"foo bar\" }}", "{{ toUpper }}", "{{ toUpper 1 }}", "{{ toUpper \"a\" \"b\" }}", "{{ \"a\" | toUpper \"b\" }}", "{{ toUpper true }}", "{{ toUpper nil }}", "{{ toUpper . }}", "{{ toUpper .Alerts }}", "{{ toUpper (1) }}", "{{ 1 | toUpper }}", "{{ nope }}", "{{ nope 1 }}", "{{ join \",\" (stringSlice \"a\" \"b\") }}", "{{ join \",\" .Alerts }}", "{{ join \",\" \"a\" }}", "{{ join 1 2 }}", "{{ stringSlice 1 }}", "{{ stringSlice \"a\" 2 }}", "{{ match \"^a+$\" \"aa\" }} {{ match \"b\" \"a\" }}", "{{ match \"(\" \"a\" }}",
    "{{ reReplaceAll \"a*\" \"x\" \"baac\" }}|{{ reReplaceAll \"\" \"-\" \"abc\" }}|{{ reReplaceAll \"b*\" \"[$0]\" \"abbc\" }}|{{ reReplaceAll \"(a)(?P<n>b)?\" \"${1}$n-$2x-${3}-$$-$\" \"aba\" }}", "{{ reReplaceAll \"(\" \"\" \"x\" }}", "{{ reReplaceAll \"(\\\\w+):(\\\\d+)\" \"$2:$1\" \"web:80 db:5\" }}", "{{ reReplaceAll \"x*$\" \"<$0>\" \"axx\" }}", "{{ reReplaceAll \"é\" \"e\" \"éaé\" }}|{{ reReplaceAll \"\" \".\" \"éü\" }}", "{{ reReplaceAll \"a\" \"$1$foo${bar}${\" \"xa\" }}", "{{ safeHtml \"<b>\" }}", "{{ safeHtml \"x\" | toUpper }}",
    "{{ title \"foo-bar foo_bar it's a.b x:y fooBAR -x (y) z a/b a,b o'neil $foo a@b 12ab ab12cd\" }}", "{{ title \"ähnlich éa ÉÉ\" }}", "{{ toUpper \"straße ümlaut éß\" }} {{ toLower \"ÄÖ İ\" }}",
    # builtins
    "{{ and 1 2 }} {{ and 0 2 }} {{ or 0 2 }} {{ or 1 2 }} {{ and }}", "{{ and 1 2 3 }} {{ or 0 \"\" \"x\" }} {{ and true .Status }} {{ or .CommonLabels.nope \"d\" }}", "{{ and 0 (index .Alerts 9) }}", "{{ or 1 (index .Alerts 9) }}", "{{ 3 | and 1 }} {{ 3 | or 0 }} {{ not 0 }} {{ not .Alerts }}", "{{ or }}", "{{ not }}", "{{ not 1 2 }}",
    "{{ eq 1 1 }} {{ eq 1 2 1 }} {{ eq \"a\" \"b\" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt \"b\" \"a\" }} {{ ge 1.5 1.5 }} {{ eq true true }} {{ lt 1.5 2.5 }}", "{{ eq 1 }}", "{{ eq }}", "{{ lt true false }}", "{{ lt .Alerts .Alerts }}", "{{ eq nil nil }}", "{{ eq (len \"ab\") 2 }}", "{{ 1 | eq 1 }}", "{{ eq .Status \"firing\" \"x\" }}", "{{ eq 'a' 97 }} {{ eq (index \"abc\" 0) 97 }} {{ lt (index \"abc\" 0) -1 }} {{ lt -1 (index \"abc\" 0) }}",
    "{{ len \"abc\" }} {{ len .CommonLabels }} {{ len .Alerts }} {{ len (stringSlice \"a\") }}", "{{ len 1 }}", "{{ len nil }}", "{{ len .Alerts.Firing | print }}", "{{ len }}", "{{ index \"abc\" 1 }} {{ index .CommonLabels \"job\" }} {{ index (stringSlice \"x\" \"y\") 1 }}", "{{ index .CommonLabels \"nope\" }}|", "{{ index .CommonLabels 1 }}", "{{ index .Alerts \"a\" }}", "{{ index 1 1 }}", "{{ index nil 1 }}", "{{ index (stringSlice \"a\") }}", "{{ index .Alerts 0 1 }}", "{{ index .Alerts nil }}", "{{ index \"abc\" 5 }}", "{{ index .CommonLabels nil }}", "{{ index \"abc\" 1.0 }}",
    "{{ slice \"abcdef\" 1 3 }} {{ slice \"abc\" }} {{ slice \"abc\" 1 }} {{ slice (stringSlice \"a\" \"b\" \"c\") 1 2 }} {{ slice (stringSlice \"a\" \"b\") 0 1 2 }}", "{{ slice \"abc\" 2 1 }}", "{{ slice \"abc\" 1 9 }}", "{{ slice \"abc\" 0 1 2 }}", "{{ slice 1 }}", "{{ slice \"a\" 1 2 3 4 }}", "{{ slice nil }}", "{{ slice \"abc\" \"a\" }}", "{{ call }}",
    "{{ print 1 2 \"a\" \"b\" 3 nil true 1.5 }}|{{ print }}|{{ println 1 \"a\" 2 }}|{{ println }}", "{{ html \"<a href='x'>\\\"&\" }} {{ html 1 2 \"<\" }} {{ html .Status }} {{ html nil }}", "{{ js \"it's <b>\\n\\\"\\\\ \\u0001 é = & \\u00a0\" }}", "{{ urlquery \"a b&c/d?é=ü+~-._*\" }} {{ urlquery 1 \"x\" 2 3 }}", "{{ \"<\" | html | js }}",
    # printf
    "{{ printf \"%v %v %v %v %v\" 1 \"a\" true 1.5 nil }}", "{{ printf \"%d %5d|%-5d|%05d|%+d|% d|%x|%X|%o|%b|%c|%q|%U|%#x|%#o|%#U\" 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42 9731 }}", "{{ printf \"%d %x %5.3d %.0d|\" -42 -42 7 0 }}", "{{ printf \"%s|%10s|%-10s|%.2s|%q|%x|%X|% x|%#q|%+q|%5.1s|\" \"héy\" \"héy\" \"héy\" \"héy\" \"hé\\n\" \"hé\" \"hé\" \"hé\" \"hé\" \"hé\" \"hé\" }}",
    "{{ printf \"%f|%.2f|%8.3f|%-8.1f|%08.3f|%+.1f|%e|%.2e|%E|%g|%.3g|%G|%6.2f%%\" 3.14159 3.14159 3.14159 3.14159 -3.14159 3.14159 31415.9 31415.9 31415.9 31415926.0 31415.9 1e-10 99.5 }}", "{{ printf \"%v %v %v %v %g\" 1e6 123456.0 1e-5 1e20 1e21 }}", "{{ printf \"%t|%v|%5t|%q\" true false true true }}", "{{ printf \"%d %s %f %t %x %c\" \"a\" 1 1 1 1.5 \"a\" }}", "{{ printf \"%z %!\" 1 2 }}", "{{ printf \"%\" }}", "{{ printf \"%d\" }} {{ printf \"a\" 1 \"b\" nil }}", "{{ printf \"%[2]d %[1]d\" 1 2 }} {{ printf \"%[3]d\" 1 }} {{ printf \"%[x]d\" 1 }} {{ printf \"%[1]d %d\" 1 2 }} {{ printf \"%[2]*[1]d|\" 1 5 }}", "{{ printf \"%*d|%-*d|%.*f|%*d\" 5 42 5 42 2 3.14159 \"a\" 1 }}",
    "{{ printf \"%v %s %q %d\" (stringSlice \"a\" \"b c\") (stringSlice \"a\" \"b c\") (stringSlice \"a\" \"b c\") (stringSlice \"a\") }}", "{{ printf \"%T %T %T %T %T %T %T\" 1 \"a\" 1.5 true nil (stringSlice \"a\") .Alerts.Firing }}", "{{ printf \"%v|%+v|%#v\" (stringSlice \"a\") (stringSlice \"a\") (stringSlice \"a\") }}", "{{ printf \"%5v|%-5v|%05v|%5v|%.1v\" 1 1 1 true \"abc\" }}", "{{ printf \"%6.2f|%6d|%6s|%-6s|\" 1.0 1 \"a\" \"a\" }}", "{{ printf 1 }}", "{{ printf }}", "{{ \"x\" | printf \"%s-%s\" \"a\" }}", "{{ printf \"%s\" .Status }} {{ printf \"%q\" 'x' }} {{ printf \"%c\" 120 }}", "{{ printf \"%.3v|%10.3v|\" 3.14159 3.14159 }}", "{{ printf \"%x %X %#x % x\" \"hello\" \"hello\" \"hello\" \"hello\" }}", "{{ printf \"%08b|%o|%#b\" 5 64 5 }}", "{{ printf \"%-05d|%+05d|%x\" 5 5 -255 }}", "{{ printf \"%6.3d|%-6.3d|%+.3d\" 5 5 5 }}", "{{ printf \"%%|%c|%v\" 65 'A' }}", "{{ printf \"%s %v\" nil nil }}", "{{ printf \"%!d\" 1 }}", "{{ printf \"%d %d\" 1 }}", "{{ printf \"%99999999d\" 1 }}", "{{ printf \"%.f|%5.f|%.0f\" 2.5 3.5 0.5 }}", "{{ printf \"%g %g %g %g\" 100000.0 1000000.0 0.0001 0.00001 }}", "{{ printf \"%v\" .GroupLabels.SortedPairs.Names }}", "{{ printf \"%s|%d\" \"a\" 1 | len }}", "{{ printf \"%x\" 3.5 }} {{ printf \"%.2x\" 3.5 }} {{ printf \"%b\" 1.0 }}", "{{ printf \"%#v %#v %#v\" \"a\" 1 1.0 }}", "{{ printf \"%#g|%#.3g|%#e|%#f|%#.0f\" 1.0 2.0 1.5 1.5 3.0 }}", "{{ printf \"%010s|%-010s|\" \"a\" \"b\" }}",
    # times
    f"{{{{ {A0}.StartsAt }}}}", f"{{{{ {A0}.EndsAt }}}}", f"{{{{ {A0}.StartsAt.Format \"2006-01-02T15:04:05.000Z07:00\" }}}}", f"{{{{ {A0}.StartsAt.Format \"Mon Monday Jan January 1 01 2 02 _2 002 06 2006 15 3 03 4 04 5 05 PM pm MST Z0700 Z07:00 Z07 -0700 -07:00 -07 .000 .999 ,000 .00000 .999999999\" }}}}", f"{{{{ {A0}.StartsAt.Format \"Janet Months __2 _2006 20060102150405 1/2/06 05.000 .0005 .9995\" }}}}", f"{{{{ {A0}.StartsAt.Year }}}} {{{{ {A0}.StartsAt.Month }}}} {{{{ {A0}.StartsAt.Day }}}} {{{{ {A0}.StartsAt.Weekday }}}} {{{{ {A0}.StartsAt.Hour }}}} {{{{ {A0}.StartsAt.YearDay }}}} {{{{ {A0}.StartsAt.Nanosecond }}}}", f"{{{{ {A0}.StartsAt.Unix }}}} {{{{ {A0}.StartsAt.UnixMilli }}}} {{{{ {A0}.StartsAt.UnixNano }}}} {{{{ {A0}.StartsAt.IsZero }}}} {{{{ {A0}.EndsAt.IsZero }}}}", f"{{{{ {A0}.EndsAt.Format \"2006-01-02\" }}}} {{{{ {A0}.EndsAt.Unix }}}}", "{{ ((index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt) }} {{ ((index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt).Seconds }} {{ ((index .Alerts 1).EndsAt.Sub (index .Alerts 0).StartsAt).Hours }}", "{{ (index .Alerts 0).StartsAt.Before (index .Alerts 1).StartsAt }} {{ (index .Alerts 0).StartsAt.Equal (index .Alerts 0).StartsAt }}", f"{{{{ {A0}.StartsAt.AddDate 0 1 1 }}}}", f"{{{{ ({A0}.StartsAt.AddDate 1 0 0).Format \"2006-01-02\" }}}}", f"{{{{ {A0}.StartsAt.Nope }}}}", f"{{{{ {A0}.StartsAt.Format 1 }}}}", f"{{{{ {A0}.StartsAt.UTC.Local }}}}", f"{{{{ printf \"%v|%s|%d\" {A0}.StartsAt.Month {A0}.StartsAt.Weekday {A0}.StartsAt.Month }}}}", f"{{{{ ({A0}.StartsAt.Truncate 3600000000000).Format \"15:04:05\" }}}} {{{{ ({A0}.StartsAt.Round 1000000000).Format \"15:04:05\" }}}}",
    # defaults
    "{{ template \"slack.default.title\" . }}|{{ template \"slack.default.fallback\" . }}|{{ template \"slack.default.username\" . }}|{{ template \"slack.default.text\" . }}|", "{{ template \"pagerduty.default.instances\" .Alerts.Firing }}", "{{ template \"pagerduty.default.description\" . }}{{ template \"pagerduty.default.clientURL\" . }}{{ template \"pagerduty.default.client\" . }}", "{{ template \"opsgenie.default.description\" . }}", "{{ template \"victorops.default.state_message\" . }}", "{{ template \"pushover.default.message\" . }}", "{{ template \"sns.default.message\" . }}", "{{ template \"telegram.default.message\" . }}", "{{ template \"discord.default.message\" . }}", "{{ template \"webex.default.message\" . }}", "{{ template \"wechat.default.message\" . }}", "{{ template \"__text_alert_list\" .Alerts }}", "{{ template \"__text_alert_list\" .Alerts.Nope }}", "{{ define \"__subject\" }}mine{{ end }}{{ template \"slack.default.title\" . }}",
]


def main():
    folder = tempfile.mkdtemp()
    data = os.path.join(folder, "data.json")
    json.dump(DATA, open(data, "w"))
    cases = []
    for text in TEXTS:
        if not text:
            continue
        run = subprocess.run(["amtool", "template", "render", "--template.glob=" + DEFAULTS, "--template.data=" + data,
                              "--template.text=" + text], capture_output=True, env={**os.environ, "HOME": folder, "TZ": "UTC"})
        out, err = run.stdout.decode(), run.stderr.decode()
        if run.returncode == 0:
            cases.append({"text": text, "output": out})
        else:
            cases.append({"text": text, "error": err.removeprefix("amtool: error: ").rstrip("\n")})
    json.dump({"recorded_from": "amtool 0.25.0 (Debian 12, Go 1.19)", "data": DATA, "cases": cases}, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
