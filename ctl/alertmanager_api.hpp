#pragma once
// API v2 of a ruler or an Alertmanager, and what commands that speak it share: matchers as arguments, tables.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/matcher.hpp"

namespace tocsin::ctl {

struct ApiArgs {
  std::string url = "http://127.0.0.1:9090";
  std::string output = "simple";  // simple, extended, json
  Duration timeout = std::chrono::seconds(30);
  std::string http_config_file;  // "" for none
};

/// @param path  below /api/v2, with its query.
/// @return the answer's JSON, null if it has no body; kNotFound for 404, else kUnavailable, with the server's words.
Result<boost::json::value> call_api(const ApiArgs& args, const std::string& method, const std::string& path,
                                    std::optional<std::string> body = {});

/// The same for a path below the server's URL.
Result<boost::json::value> call_server(const ApiArgs& args, const std::string& method, const std::string& path,
                                       std::optional<std::string> body = {});

/// Matchers as amtool takes them: one in each argument; a first one without an operator is an alertname.
Result<std::vector<model::Matcher>> read_matchers(const std::vector<std::string>& args);
/// `filter=...&filter=...` of them.
std::string filter_query(const std::vector<model::Matcher>& matchers);

/// `alertname="Foo" team!="x"`.
std::string matchers_line(const std::vector<model::Matcher>& matchers);
/// "2026-01-02 03:04:05 UTC" of an API time.
std::string people_time(std::string_view rfc3339);
/// The text of a member, "" if it is not there.
std::string text_of(const boost::json::value& object, std::string_view key);

/// Rows of equal length, the first is the heading; columns are padded by two blanks, the last one too.
void print_table(const std::vector<std::vector<std::string>>& rows);

/// Prints on standard error and gives the exit status 1.
int complain(const Error& error);

}  // namespace tocsin::ctl
