#include "net/resolv_conf.hpp"

#include <algorithm>
#include <charconv>

#include "base/strings.hpp"

namespace tocsin::net {
namespace {

constexpr int kMaxDots = 15;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r\v\f");
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\r\v\f", begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    line = line.substr(end);
  }
}

void read_options(const std::vector<std::string>& words, ResolvConf& out) {
  constexpr std::string_view kDots = "ndots:";
  for (const std::string& word : words) {
    if (!word.starts_with(kDots)) continue;
    int dots = 0;
    const auto [end, error] = std::from_chars(word.data() + kDots.size(), word.data() + word.size(), dots);
    if (error == std::errc() && end == word.data() + word.size()) out.ndots = std::clamp(dots, 0, kMaxDots);
  }
}

std::string rooted(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf out;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with('#') || line.starts_with(';')) continue;
    std::vector<std::string> words = words_of(line);
    if (words.size() < 2) continue;
    const std::string key = words[0];
    words.erase(words.begin());
    if (key == "nameserver") out.servers.push_back(words[0]);
    if (key == "domain") out.search = {words[0]};
    if (key == "search") out.search = words;
    if (key == "options") read_options(words, out);
  }
  return out;
}

std::vector<std::string> ResolvConf::names_for(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  std::vector<std::string> out;
  for (const std::string& domain : search) out.push_back(domain == "." ? rooted(name) : rooted(name + "." + domain));
  const bool has_dots = std::count(name.begin(), name.end(), '.') >= ndots;
  out.insert(has_dots ? out.begin() : out.end(), rooted(name));
  return out;
}

}  // namespace tocsin::net
