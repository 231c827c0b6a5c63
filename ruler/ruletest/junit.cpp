#include "ruletest/junit.hpp"

#include <string_view>

#include <fmt/format.h>

#include "base/html.hpp"
#include "base/strings.hpp"

namespace tocsin::ruletest {
namespace {

std::string xml_text(std::string_view text) {
  const bool utf8 = is_valid_utf8(text);
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\t':
        out += "&#x9;";
        break;
      case '\n':
        out += "&#xA;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      default: {
        // XML 1.0 has no other control characters.
        const auto byte = static_cast<unsigned char>(c);
        const bool bad = byte < 0x20 || (byte >= 0x80 && !utf8);
        if (bad) {
          out += "\uFFFD";
        } else {
          append_html(out, c);
        }
      }
    }
  }
  return out;
}

void put_case(std::string& out, const JunitCase& test, const std::string& error) {
  out += fmt::format("<testcase name=\"{}\">", xml_text(test.name));
  for (const std::string& failure : test.failures) out += fmt::format("<failure>{}</failure>", xml_text(failure));
  if (!error.empty()) out += fmt::format("<error>{}</error>", xml_text(error));
  out += "</testcase>";
}

void put_suite(std::string& out, const JunitSuite& suite) {
  // An error belongs to a case.
  std::vector<JunitCase> cases = suite.cases;
  if (!suite.error.empty() && cases.empty()) cases.push_back({"unknown", {}});
  std::size_t failures = 0;
  for (const JunitCase& test : cases) failures += test.failures.size();
  out +=
      fmt::format(R"(<testsuite name="{}" tests="{}" failures="{}" errors="{}" skipped="0" timestamp="{}">)",
                  xml_text(suite.name), cases.size(), failures, suite.error.empty() ? 0 : 1, xml_text(suite.timestamp));
  for (const JunitCase& test : cases) put_case(out, test, &test == &cases.back() ? suite.error : std::string());
  out += "</testsuite>";
}

}  // namespace

std::string junit_xml(const std::vector<JunitSuite>& suites) {
  std::string out = "<testsuites>";
  for (const JunitSuite& suite : suites) put_suite(out, suite);
  return out + "</testsuites>";
}

}  // namespace tocsin::ruletest
