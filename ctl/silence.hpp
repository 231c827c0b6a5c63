#pragma once
// `tocsinctl silence`: amtool's, and `export`.

#include <string>
#include <vector>

#include "ctl/alertmanager_api.hpp"

namespace tocsin::ctl {

struct SilenceArgs {
  ApiArgs api;
  std::vector<std::string> arguments;  // matchers, ids or a file, as the command says
  std::string author, comment;
  std::string duration, start, end;  // as typed; "": not given
  bool expired = false, quiet = false, force = false;
  std::string within;          // of query: a duration
  std::string created_by, id;  // of query: filters
};

/// Each: exit status 0, or 1 with what is wrong on standard error.
int silence_add(const SilenceArgs& args);     // prints the new id
int silence_query(const SilenceArgs& args);   // those that end first in front
int silence_expire(const SilenceArgs& args);  // each id
int silence_update(const SilenceArgs& args);  // each id; prints the silences as they are then
int silence_import(const SilenceArgs& args);  // a JSON list from a file or standard input; prints the ids
int silence_export(const SilenceArgs& args);  // all that are not expired, for import

}  // namespace tocsin::ctl
