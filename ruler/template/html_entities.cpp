#include "template/html_entities.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/utf8.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr std::pair<std::string_view, std::uint32_t> kNames[] = {
    {"AMP", '&'},    {"GT", '>'},     {"LT", '<'},     {"NewLine", '\n'}, {"QUOT", '"'},   {"Tab", '\t'},
    {"amp", '&'},    {"apos", '\''},  {"ast", '*'},    {"bsol", '\\'},    {"colon", ':'},  {"comma", ','},
    {"commat", '@'}, {"dollar", '$'}, {"equals", '='}, {"excl", '!'},     {"grave", '`'},  {"gt", '>'},
    {"lbrace", '{'}, {"lbrack", '['}, {"lcub", '{'},   {"lowbar", '_'},   {"lpar", '('},   {"lsqb", '['},
    {"lt", '<'},     {"nbsp", 0xa0},  {"num", '#'},    {"percnt", '%'},   {"period", '.'}, {"plus", '+'},
    {"quest", '?'},  {"quot", '"'},   {"rbrace", '}'}, {"rbrack", ']'},   {"rcub", '}'},   {"rpar", ')'},
    {"rsqb", ']'},   {"semi", ';'},   {"sol", '/'},    {"verbar", '|'},   {"vert", '|'},
};
/// Names that browsers know without a semicolon, too.
constexpr std::string_view kBare[] = {"AMP", "GT", "LT", "QUOT", "amp", "gt", "lt", "nbsp", "quot"};

struct Reference {
  std::uint32_t code = 0;
  std::size_t length = 0;  // 0: there is none
};

Reference numeric(std::string_view s) {  // s begins with "&#"
  const bool hex = s.size() > 2 && (s[2] | 32) == 'x';
  const char* const begin = s.data() + (hex ? 3 : 2);
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(begin, s.data() + s.size(), code, hex ? 16 : 10);
  if (end == begin) return {};
  std::size_t length = static_cast<std::size_t>(end - s.data());
  if (length < s.size() && s[length] == ';') ++length;
  const bool wrong = error != std::errc() || code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
  return {wrong ? 0xfffd : code, length};
}

Reference named(std::string_view s) {  // s begins with "&"
  const std::size_t end = s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 1);
  const std::string_view name = s.substr(1, end == std::string_view::npos ? end : end - 1);
  const auto find = [](std::string_view wanted) {
    return std::ranges::find(kNames, wanted, &std::pair<std::string_view, std::uint32_t>::first);
  };
  if (end != std::string_view::npos && s[end] == ';') {
    if (const auto* found = find(name); found != std::end(kNames)) return {found->second, end + 1};
  }
  for (const std::string_view bare : kBare) {
    if (name.starts_with(bare)) return {find(bare)->second, 1 + bare.size()};
  }
  return {};
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t i = std::min(text.find('&'), text.size());
    out += text.substr(0, i);
    text.remove_prefix(i);
    if (text.empty()) break;
    const Reference found = text.substr(0, 2) == "&#" ? numeric(text) : named(text);
    if (found.length == 0) {
      out += '&';
      text.remove_prefix(1);
    } else {
      append_utf8(out, found.code);
      text.remove_prefix(found.length);
    }
  }
  return out;
}

}  // namespace tocsin::tmpl::html
