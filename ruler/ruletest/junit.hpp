#pragma once
// JUnit's XML of test results. Source: Prometheus util/junitxml.

#include <string>
#include <vector>

namespace tocsin::ruletest {

struct JunitCase {
  std::string name;
  std::vector<std::string> failures;
};

/// One file of tests.
struct JunitSuite {
  std::string name;
  std::string timestamp;  // "2026-01-02T03:04:05", "" if the file could not be read
  std::string error;      // why nothing ran
  std::vector<JunitCase> cases;
};

std::string junit_xml(const std::vector<JunitSuite>& suites);

}  // namespace tocsin::ruletest
