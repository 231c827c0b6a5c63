// Any bytes as a rule file: groups, or errors that name the file. What has no error can be evaluated: each rule has an
// expression and one name.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "rules/check.hpp"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const rules::RuleFile file = rules::parse_rule_file(text, "fuzzed.yml");
  require(file.errors.size() <= rules::kMaxErrors, "too many errors");
  for (const auto& error : file.errors) require(error.starts_with("fuzzed.yml:"), error.c_str());
  if (!file.errors.empty()) return 0;
  for (const auto& group : file.groups) {
    require(!group.name.empty(), "a group without a name");
    for (const auto& rule : group.rules) {
      require(rule.expr != nullptr, "a rule without an expression");
      require(rule.alert.empty() != rule.record.empty(), "a rule that is both or nothing");
    }
  }
  (void)rules::check_text(text, "fuzzed.yml");
  return 0;
}
