#include "exporters/nginx/log_format.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::exporters::nginx {
namespace {

constexpr std::string_view kCombined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" "
    "\"$http_user_agent\"";

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  if (text.empty() || text == "-" || !parse_float(text, value) || !(value >= 0) || value > 1e18) return std::nullopt;
  return value;
}

/// "0.012, 0.100 : 0.003": one value for each upstream that was tried; "-" for one that was not reached.
std::optional<double> sum_of(std::string_view list) {
  std::optional<double> sum;
  while (!list.empty()) {
    const std::size_t end = list.find_first_of(", :");
    if (const auto value = to_number(list.substr(0, end))) sum = sum.value_or(0) + *value;
    const std::size_t next = end == std::string_view::npos ? end : list.find_first_not_of(", :", end);
    list.remove_prefix(next == std::string_view::npos ? list.size() : next);
  }
  return sum;
}

/// Where a list of an upstream ends.
std::size_t end_of_list(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    at = std::min(text.find_first_not_of("0123456789.-", at), text.size());
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with(", ") && !rest.starts_with(" : ")) return at;
    at += rest.starts_with(", ") ? 2 : 3;
  }
}

/// Where the literal stands; a quote that a backslash protects does not count.
std::size_t find_literal(std::string_view text, std::string_view literal) {
  std::size_t at = 0;
  for (;;) {
    at = text.find(literal, at);
    if (at == std::string_view::npos || at == 0 || literal.front() != '"' || text[at - 1] != '\\') return at;
    ++at;
  }
}

/// What stands for `escaped` behind a backslash in nginx.conf; nothing: the backslash stands for itself.
std::optional<char> unescape(char escaped) {
  constexpr std::pair<char, char> kEscapes[] = {{'"', '"'},  {'\'', '\''}, {'\\', '\\'},
                                                {'t', '\t'}, {'r', '\r'},  {'n', '\n'}};
  for (const auto& [written, meant] : kEscapes) {
    if (written == escaped) return meant;
  }
  return std::nullopt;
}

/// The next word of a directive of nginx.conf: plain, or quoted. Nothing at the end.
std::optional<std::string> next_word(std::string_view& text) {
  text = trim(text);
  if (text.empty() || text.front() == ';') return std::nullopt;
  std::string word;
  const char quote = text.front() == '\'' || text.front() == '"' ? text.front() : '\0';
  std::size_t at = quote == '\0' ? 0 : 1;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0' ? c == quote : c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';') break;
    const auto meant = c == '\\' && at + 1 < text.size() ? unescape(text[at + 1]) : std::nullopt;
    word += meant.value_or(c);
    if (meant) ++at;
  }
  text.remove_prefix(std::min(text.size(), quote == '\0' ? at : at + 1));
  return word;
}

/// "log_format main escape=json '...' '...';" to the format alone.
std::string format_of_directive(std::string_view text) {
  next_word(text);  // log_format
  next_word(text);  // its name
  std::string format;
  for (bool first = true; const auto word = next_word(text); first = false) {
    if (!first || !word->starts_with("escape=")) format += *word;
  }
  return format;
}

}  // namespace

LogFormat::Variable LogFormat::variable_of(std::string_view name) {
  constexpr std::pair<std::string_view, Variable> kNames[] = {
      {"status", Variable::kStatus},
      {"request", Variable::kRequest},
      {"request_method", Variable::kMethod},
      {"host", Variable::kHost},
      {"server_name", Variable::kServerName},
      {"http_host", Variable::kHttpHost},
      {"request_time", Variable::kDuration},
      {"upstream_response_time", Variable::kUpstream},
      {"bytes_sent", Variable::kBytesSent},
      {"body_bytes_sent", Variable::kBodyBytesSent},
      {"request_length", Variable::kRequestLength},
  };
  for (const auto& [known, variable] : kNames) {
    if (known == name) return variable;
  }
  return Variable::kNone;
}

Result<LogFormat> LogFormat::parse(std::string_view text) {
  LogFormat format;
  text = trim(text);
  if (text == "json") {
    format.is_json_ = true;
    return format;
  }
  if (text == "combined") {
    TOCSIN_OK(format.compile(kCombined));
  } else if (text.starts_with("log_format ") || text.starts_with("log_format\t")) {
    TOCSIN_OK(format.compile(format_of_directive(text)));
  } else {
    TOCSIN_OK(format.compile(text));
  }
  return format;
}

Result<void> LogFormat::compile(std::string_view text) {
  bool has_status = false;
  Part part;
  while (!text.empty()) {
    if (text.front() != '$' || text.size() == 1 || (!is_name(text[1]) && text[1] != '{')) {
      part.literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    const bool braced = text[1] == '{';
    const std::size_t begin = braced ? 2 : 1;
    std::size_t end = begin;
    while (end < text.size() && is_name(text[end])) ++end;
    if (braced && (end == text.size() || text[end] != '}')) {
      return fail(Errc::kInvalid, "the closing bracket of a variable is missing in the format");
    }
    const std::string_view name = text.substr(begin, end - begin);
    text.remove_prefix(braced ? end + 1 : end);
    if (part.literal.empty() && !parts_.empty()) {
      return fail(Errc::kInvalid, "nothing stands between ${} and the variable before it in the format", name);
    }
    part.has_variable = true;
    part.variable = variable_of(name);
    part.is_list = name.starts_with("upstream_") && (name.ends_with("_time") || name == "upstream_status" ||
                                                     name.ends_with("_length") || name.ends_with("_bytes_received"));
    has_status = has_status || part.variable == Variable::kStatus;
    parts_.push_back(std::exchange(part, {}));
  }
  if (!part.literal.empty()) parts_.push_back(std::move(part));
  if (!has_status) return fail(Errc::kInvalid, "the format has no $status");
  return {};
}

bool LogFormat::take(Variable variable, std::string_view value, LogEntry& out) {
  switch (variable) {
    case Variable::kStatus: {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.status);
      return error == std::errc() && end == value.data() + value.size() && out.status >= 100 && out.status <= 999;
    }
    case Variable::kRequest:
      if (out.method.empty()) out.method = value.substr(0, value.find(' '));
      break;
    case Variable::kMethod:
      out.method = value;
      break;
    case Variable::kHost:
      out.host = value;
      break;
    case Variable::kServerName:
    case Variable::kHttpHost:
      if (out.host.empty()) out.host = value;
      break;
    case Variable::kDuration:
      out.duration = to_number(value);
      break;
    case Variable::kUpstream:
      out.upstream = sum_of(value);
      break;
    case Variable::kBytesSent:
      out.response_bytes = to_number(value);
      break;
    case Variable::kBodyBytesSent:
      if (!out.response_bytes) out.response_bytes = to_number(value);
      break;
    case Variable::kRequestLength:
      out.request_bytes = to_number(value);
      break;
    case Variable::kNone:
      break;
  }
  return true;
}

bool LogFormat::read(std::string_view line, LogEntry& out) {
  out = {};
  if (is_json_) return read_json(line, out);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (!line.starts_with(part.literal)) return false;
    line.remove_prefix(part.literal.size());
    if (!part.has_variable) continue;
    std::size_t end = line.size();
    if (part.is_list) {
      end = end_of_list(line);
    } else if (i + 1 < parts_.size()) {
      end = find_literal(line, parts_[i + 1].literal);
      if (end == std::string_view::npos) return false;
    }
    if (!take(part.variable, line.substr(0, end), out)) return false;
    line.remove_prefix(end);
  }
  return out.status != 0;
}

/// Values may be texts or numbers. All are copied behind one another, so that the entry can point at them.
bool LogFormat::read_json(std::string_view line, LogEntry& out) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 8;
  const boost::json::value value =
      boost::json::parse(boost::json::string_view(line.data(), line.size()), error, {}, options);
  if (error || !value.is_object()) return false;
  struct Member {
    Variable variable;
    std::size_t offset, length;
  };
  std::vector<Member> members;
  kept_.clear();
  for (const auto& member : value.get_object()) {
    const Variable variable = variable_of({member.key().data(), member.key().size()});
    if (variable == Variable::kNone) continue;
    const std::size_t offset = kept_.size();
    if (member.value().is_string()) {
      kept_.append(member.value().get_string().data(), member.value().get_string().size());
    } else if (member.value().is_number()) {
      kept_ += format_float_f(member.value().to_number<double>());
    }
    members.push_back({variable, offset, kept_.size() - offset});
  }
  for (const Member& member : members) {
    if (!take(member.variable, std::string_view(kept_).substr(member.offset, member.length), out)) return false;
  }
  return out.status != 0;
}

std::string_view syslog_text(std::string_view message) {
  constexpr std::size_t kTimeBytes = sizeof("Nov 30 12:00:00 ") - 1;
  if (!message.starts_with('<')) return message;
  const std::size_t close = message.find('>');
  if (close == std::string_view::npos || close > 5 || message.size() < close + 1 + kTimeBytes) return message;
  const std::string_view rest = message.substr(close + 1 + kTimeBytes);
  const std::size_t colon = rest.find(": ");
  return colon == std::string_view::npos ? message : rest.substr(colon + 2);
}

}  // namespace tocsin::exporters::nginx
