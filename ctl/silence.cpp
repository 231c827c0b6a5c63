#include "ctl/silence.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

Result<Timestamp> read_time(const std::string& text) {
  std::int64_t t = 0;
  if (!parse_rfc3339(text, t)) return fail(Errc::kInvalid, "not an RFC 3339 time: {}", text);
  return t;
}

Timestamp time_of(const json::value& silence, std::string_view key) {
  std::int64_t t = 0;
  return parse_rfc3339(text_of(silence, key), t) ? t : 0;
}

std::string state_of(const json::value& silence) {
  const json::value* status = silence.is_object() ? silence.as_object().if_contains("status") : nullptr;
  return status == nullptr ? std::string() : text_of(*status, "state");
}

bool flag_of(const json::object& object, std::string_view key, bool otherwise) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() ? value->as_bool() : otherwise;
}

json::array to_json(const std::vector<model::Matcher>& matchers) {
  json::array out;
  for (const model::Matcher& matcher : matchers) {
    const bool regex = matcher.op() == model::MatchOp::kRegex || matcher.op() == model::MatchOp::kNotRegex;
    const bool equal = matcher.op() == model::MatchOp::kEqual || matcher.op() == model::MatchOp::kRegex;
    out.push_back({{"name", matcher.name()}, {"value", matcher.value()}, {"isRegex", regex}, {"isEqual", equal}});
  }
  return out;
}

std::string matchers_of(const json::value& silence, std::string_view separator) {
  const json::value* matchers = silence.is_object() ? silence.as_object().if_contains("matchers") : nullptr;
  if (matchers == nullptr || !matchers->is_array()) return {};
  std::string out;
  for (const json::value& matcher : matchers->as_array()) {
    if (!matcher.is_object()) continue;
    const bool equal = flag_of(matcher.as_object(), "isEqual", true);
    const bool regex = flag_of(matcher.as_object(), "isRegex", false);
    out += fmt::format("{}{}{}{}", out.empty() ? "" : separator, text_of(matcher, "name"),
                       equal ? (regex ? "=~" : "=") : (regex ? "!~" : "!="), go_quote(text_of(matcher, "value")));
  }
  return out;
}

void print(const std::vector<json::value>& silences, const SilenceArgs& args) {
  if (args.quiet) {
    for (const json::value& silence : silences) fmt::print("{}\n", text_of(silence, "id"));
    return;
  }
  if (args.api.output == "json") {
    fmt::print("{}\n", json::serialize(json::array(silences.begin(), silences.end())));
    return;
  }
  const bool extended = args.api.output == "extended";
  std::vector<std::vector<std::string>> rows;
  rows.push_back(extended ? std::vector<std::string>{"ID", "Matchers", "Starts At", "Ends At", "Updated At",
                                                     "Created By", "Comment"}
                          : std::vector<std::string>{"ID", "Matchers", "Ends At", "Created By", "Comment"});
  for (const json::value& silence : silences) {
    std::vector<std::string> row{text_of(silence, "id"),
                                 extended ? "{" + matchers_of(silence, ",") + "}" : matchers_of(silence, " ")};
    if (extended) row.push_back(people_time(text_of(silence, "startsAt")));
    row.push_back(people_time(text_of(silence, "endsAt")));
    if (extended) row.push_back(people_time(text_of(silence, "updatedAt")));
    row.push_back(text_of(silence, "createdBy"));
    row.push_back(text_of(silence, "comment"));
    rows.push_back(std::move(row));
  }
  print_table(rows);
}

std::string user_name() {
  for (const char* name : {"USER", "LOGNAME"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "unknown";
}

Result<std::string> post(const SilenceArgs& args, const json::object& silence) {
  TOCSIN_TRY(const json::value answer, call_api(args.api, "POST", "/silences", json::serialize(silence)));
  return text_of(answer, "silenceID");
}

Result<std::string> add(const SilenceArgs& args) {
  TOCSIN_TRY(const auto matchers, read_matchers(args.arguments));
  if (matchers.empty()) return fail(Errc::kInvalid, "no matchers specified");
  if (args.comment.empty()) return fail(Errc::kInvalid, "a silence needs a comment (--comment)");
  Timestamp start = system_clock().now();
  if (!args.start.empty()) {
    TOCSIN_TRY(start, read_time(args.start));
  }
  Timestamp end = 0;
  if (!args.end.empty()) {
    TOCSIN_TRY(end, read_time(args.end));
  } else {
    TOCSIN_TRY(const Duration duration, parse_duration(args.duration.empty() ? "1h" : args.duration));
    if (duration == Duration{0}) return fail(Errc::kInvalid, "silence duration must be greater than 0");
    end = start + to_ms(duration);
  }
  if (start > end) return fail(Errc::kInvalid, "silence cannot start after it ends");
  return post(args, {{"matchers", to_json(matchers)},
                     {"startsAt", format_rfc3339(start)},
                     {"endsAt", format_rfc3339(end)},
                     {"createdBy", args.author.empty() ? user_name() : args.author},
                     {"comment", args.comment}});
}

Result<std::vector<json::value>> query(const SilenceArgs& args) {
  TOCSIN_TRY(const auto matchers, read_matchers(args.arguments));
  Duration within{0};
  if (!args.within.empty()) {
    TOCSIN_TRY(within, parse_duration(args.within));
  }
  const std::string filter = filter_query(matchers);
  TOCSIN_TRY(const json::value answer, call_api(args.api, "GET", "/silences" + (filter.empty() ? "" : "?" + filter)));
  if (!answer.is_array()) return fail(Errc::kInvalid, "{} does not answer with a list of silences", args.api.url);
  const Timestamp now = system_clock().now();
  const auto wanted = [&](const json::value& silence) {
    if ((state_of(silence) == "expired") != args.expired) return false;
    if (!args.created_by.empty() && text_of(silence, "createdBy") != args.created_by) return false;
    if (!args.id.empty() && text_of(silence, "id") != args.id) return false;
    if (within == Duration{0}) return true;
    const Timestamp ends = time_of(silence, "endsAt");
    return args.expired ? ends >= now - to_ms(within) : ends <= now + to_ms(within);
  };
  std::vector<json::value> out;
  std::ranges::copy_if(answer.as_array(), std::back_inserter(out), wanted);
  std::ranges::sort(out, {}, [](const json::value& silence) {
    return std::pair(time_of(silence, "endsAt"), text_of(silence, "id"));
  });
  return out;
}

Result<std::vector<json::value>> update(const SilenceArgs& args) {
  std::vector<json::value> out;
  for (const std::string& id : args.arguments) {
    TOCSIN_TRY(json::value silence, call_api(args.api, "GET", "/silence/" + id));
    if (!silence.is_object()) return fail(Errc::kInvalid, "{} does not answer with a silence", args.api.url);
    json::object& object = silence.as_object();
    if (!args.start.empty()) {
      TOCSIN_TRY(const Timestamp start, read_time(args.start));
      object["startsAt"] = format_rfc3339(start);
    }
    if (!args.end.empty()) {
      TOCSIN_TRY(const Timestamp end, read_time(args.end));
      object["endsAt"] = format_rfc3339(end);
    } else if (!args.duration.empty()) {
      TOCSIN_TRY(const Duration duration, parse_duration(args.duration));
      if (duration == Duration{0}) return fail(Errc::kInvalid, "silence duration must be greater than 0");
      object["endsAt"] = format_rfc3339(time_of(silence, "startsAt") + to_ms(duration));
    }
    if (!args.comment.empty()) object["comment"] = args.comment;
    TOCSIN_TRY(const std::string now_id, post(args, object));
    object["id"] = now_id;
    out.push_back(std::move(silence));
  }
  return out;
}

Result<void> import(const SilenceArgs& args) {
  std::string text;
  if (args.arguments.empty()) {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    TOCSIN_TRY(text, posix_fs().read_file(args.arguments.front()));
  }
  json::error_code wrong;
  const json::value silences = json::parse(text, wrong);
  if (wrong || !silences.is_array()) return fail(Errc::kInvalid, "not a list of silences in JSON");
  for (const json::value& silence : silences.as_array()) {
    if (!silence.is_object()) return fail(Errc::kInvalid, "not a list of silences in JSON");
    auto posted = post(args, silence.as_object());
    if (!posted && args.force && posted.error().code == Errc::kNotFound) {
      json::object anew = silence.as_object();
      anew.erase("id");
      posted = post(args, anew);
    }
    if (!posted) return fail(std::move(posted).error().wrap("silence " + text_of(silence, "id")));
    fmt::print("{}\n", *posted);
  }
  return {};
}

int finish(const Result<std::vector<json::value>>& silences, const SilenceArgs& args) {
  if (!silences) return complain(silences.error());
  print(*silences, args);
  return 0;
}

}  // namespace

int silence_add(const SilenceArgs& args) {
  const auto id = add(args);
  if (!id) return complain(id.error());
  fmt::print("{}\n", *id);
  return 0;
}

int silence_query(const SilenceArgs& args) {
  return finish(query(args), args);
}

int silence_expire(const SilenceArgs& args) {
  for (const std::string& id : args.arguments) {
    const auto answer = call_api(args.api, "DELETE", "/silence/" + id);
    if (!answer) return complain(answer.error());
  }
  return 0;
}

int silence_update(const SilenceArgs& args) {
  return finish(update(args), args);
}

int silence_import(const SilenceArgs& args) {
  const auto imported = import(args);
  return imported ? 0 : complain(imported.error());
}

int silence_export(const SilenceArgs& args) {
  SilenceArgs all = args;
  all.api.output = "json";
  return silence_query(all);
}

}  // namespace tocsin::ctl
