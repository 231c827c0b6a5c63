#include "ctl/check.hpp"

#include <functional>

#include "agent/check.hpp"
#include "base/fs.hpp"
#include "config/alertmanager_config.hpp"
#include "notify/check_texts.hpp"
#include "notify/receivers.hpp"
#include "web/web_config.hpp"

namespace tocsin::ctl {
namespace {

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print("  WARNING: {}\n", warning);
}

bool check_alertmanager_file(const std::string& file) {
  fmt::print("Checking {}\n", file);
  const auto config = config::load_alertmanager_config(posix_fs(), file);
  if (!config) {
    fmt::print("  FAILED: {}\n", config.error().message);
    return false;
  }
  print_warnings((*config)->warnings);
  const auto templates = notify::load_templates(posix_fs(), **config);
  if (!templates) {
    fmt::print("  FAILED: {}\n", templates.error().message);
    return false;
  }
  const std::vector<std::string> mistakes = notify::check_texts(**config, *templates);
  for (const std::string& mistake : mistakes) fmt::print("  FAILED: {}\n", mistake);
  if (!mistakes.empty()) return false;
  fmt::print("  SUCCESS: {} receivers, {} inhibit rules, {} time intervals, {} templates\n",
             (*config)->receivers.size(), (*config)->inhibit_rules.size(), (*config)->time_intervals.size(),
             (*config)->templates.size());
  return true;
}

bool check_agent_file(const std::string& file) {
  fmt::print("Checking {}\n", file);
  const auto checked = agent::check_file(posix_fs(), file);
  if (!checked) {
    fmt::print("  FAILED: {}\n", checked.error().message);
    return false;
  }
  print_warnings(checked->warnings);
  fmt::print("  SUCCESS: {}\n", checked->summary);
  return true;
}

bool check_web_config_file(const std::string& file) {
  const auto config = web::load_web_config(posix_fs(), file);
  fmt::print(stderr, "{} {}{}\n", file, config ? "SUCCESS" : "FAILED: ", config ? "" : config.error().message);
  return config.has_value();
}

int check_all(const std::vector<std::string>& files, const std::function<bool(const std::string&)>& check) {
  bool good = true;
  for (const std::string& file : files) good &= check(file);
  return good ? 0 : 1;
}

}  // namespace

int check_web_config(const std::vector<std::string>& files) {
  return check_all(files, check_web_config_file);
}
int check_agent(const std::vector<std::string>& files) {
  return check_all(files, check_agent_file);
}
int check_alertmanager(const std::vector<std::string>& files) {
  return check_all(files, check_alertmanager_file);
}

}  // namespace tocsin::ctl
