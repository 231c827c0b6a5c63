// Records what Go's html/template makes of the texts in html_cases.json:
//
//	go run record_html_cases.go < html_cases.json > recorded.json
//
// The data is that of test/unit/template/html_test.cpp.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
)

type testCase struct {
	Text   string  `json:"text"`
	Output *string `json:"output,omitempty"`
	Error  *string `json:"error,omitempty"`
}

var data = map[string]any{
	"S": "a b<c>&\"d'+e`f", "T": "plain", "U": "javascript:alert(1)", "V": "https://x.example/a b?q=1&r=%20<z>",
	"I": 42, "F": 1.5, "N": nil, "B": true, "E": "",
	"H": template.HTML("<b title=\"x\">bold &amp; <i>it</i></b>"), "W": template.URL("javascript:ok('x')"),
	"C": "red; } x", "J": "</script><!-- \u2028 x/*y*/", "D": "expression(1)", "A": "onclick", "P": "id",
	"L": []any{"p<", "q>", 3}, "M": map[string]any{"k": "v<"},
}

func record(text string) testCase {
	var out bytes.Buffer
	t, err := template.New("t").Parse(text)
	if err == nil {
		err = t.Execute(&out, data)
	}
	if err != nil {
		message := fmt.Sprint(err)
		return testCase{Text: text, Error: &message}
	}
	output := out.String()
	return testCase{Text: text, Output: &output}
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	for i := range cases {
		cases[i] = record(cases[i].Text)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(cases); err != nil {
		panic(err)
	}
}
