#include "exporters/memcached/stats.hpp"

#include <charconv>
#include <optional>
#include <set>
#include <span>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/memcached/tables.hpp"

namespace tocsin::exporters::memcached {
namespace {

constexpr std::size_t kMaxSlabs = 256;  // memcached has at most 64

constexpr std::string_view kCommandsHelp =
    "Total number of all requests broken down by command (get, set, etc.) and status.";
constexpr std::string_view kSlabCommandsHelp =
    "Total number of all requests broken down by command (get, set, etc.) and status per slab.";
constexpr std::string_view kOperations[] = {"get", "delete", "incr", "decr", "cas", "touch"};

bool is_error_line(std::string_view line) {
  return line == "ERROR" || line.starts_with("CLIENT_ERROR") || line.starts_with("SERVER_ERROR");
}

class Putter {
 public:
  explicit Putter(expo::Page& page) : page_(page) {}

  void rows(std::span<const Row> rows, const Stats& stats, std::string_view prefix, std::string_view slab) {
    for (const Row& row : rows) {
      const auto found = stats.find(name(prefix, row.stat));
      if (found == stats.end()) continue;
      const auto value = number(found->second, row.kind);
      if (!value) {
        complain(found->first, found->second);
      } else if (slab.empty()) {
        page_.family(row.family, row.help, row.type).put(*value);
      } else {
        page_.family(row.family, row.help, row.type).put({{"slab", slab}}, *value);
      }
    }
  }

  void commands(const Stats& stats) {
    auto& family = page_.family("memcached_commands_total", kCommandsHelp, Type::kCounter);
    const auto put = [&](std::string_view stat, std::string_view command, std::string_view status) {
      if (const auto value = get(stats, "", stat)) family.put({{"command", command}, {"status", status}}, *value);
    };
    for (const std::string_view operation : kOperations) {
      put(fmt::format("{}_hits", operation), operation, "hit");
      put(fmt::format("{}_misses", operation), operation, "miss");
    }
    put("cas_badval", "cas", "badval");
    put("cmd_flush", "flush", "hit");
    // memcached counts cas in cmd_set, too.
    const auto sets = get(stats, "", "cmd_set");
    const auto misses = get(stats, "", "cas_misses"), hits = get(stats, "", "cas_hits"),
               bad = get(stats, "", "cas_badval");
    if (sets && misses && hits && bad) {
      family.put({{"command", "set"}, {"status", "hit"}}, *sets - *misses - *hits - *bad);
    }
  }

  void slab_commands(const Stats& stats, std::string_view prefix, std::string_view slab) {
    auto& family = page_.family("memcached_slab_commands_total", kSlabCommandsHelp, Type::kCounter);
    const auto put = [&](std::string_view command, std::string_view status, std::optional<double> value) {
      if (value) family.put({{"slab", slab}, {"command", command}, {"status", status}}, *value);
    };
    for (const std::string_view operation : kOperations) {
      put(operation, "hit", get(stats, prefix, fmt::format("{}_hits", operation)));
    }
    const auto bad = get(stats, prefix, "cas_badval"), hits = get(stats, prefix, "cas_hits"),
               sets = get(stats, prefix, "cmd_set");
    put("cas", "badval", bad);
    if (sets && hits && bad) put("set", "hit", *sets - *hits - *bad);
  }

  void lru_hits(const Stats& stats, std::string_view prefix, std::string_view slab) {
    auto& family = page_.family("memcached_slab_lru_hits_total", "Number of get_hits to the LRU.", Type::kCounter);
    constexpr std::pair<std::string_view, std::string_view> kLists[] = {
        {"hits_to_hot", "hot"}, {"hits_to_warm", "warm"}, {"hits_to_cold", "cold"}, {"hits_to_temp", "temporary"}};
    for (const auto& [stat, list] : kLists) {
      if (const auto value = get(stats, prefix, stat)) family.put({{"slab", slab}, {"lru", list}}, *value);
    }
  }

  Result<void> problem() && { return std::move(problem_); }

 private:
  std::string_view name(std::string_view prefix, std::string_view stat) {
    if (prefix.empty()) return stat;
    name_.assign(prefix).append(stat);
    return name_;
  }
  static std::optional<double> number(std::string_view text, Kind kind) {
    if (kind == Kind::kBool) {
      if (text == "yes") return 1;
      if (text == "no") return 0;
      return std::nullopt;
    }
    double value = 0;
    if (kind == Kind::kNumber) return parse_float(text, value) ? std::optional(value) : std::nullopt;
    double microseconds = 0;
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || !parse_float(text.substr(0, dot), value) ||
        !parse_float(text.substr(dot + 1), microseconds)) {
      return std::nullopt;
    }
    return value + microseconds / 1e6;
  }
  std::optional<double> get(const Stats& stats, std::string_view prefix, std::string_view stat) {
    const auto found = stats.find(name(prefix, stat));
    if (found == stats.end()) return std::nullopt;
    const auto value = number(found->second, Kind::kNumber);
    if (!value) complain(found->first, found->second);
    return value;
  }
  void complain(std::string_view stat, std::string_view value) {
    if (problem_) problem_ = fail(Errc::kCorrupt, "{} is no number: {}", stat, go_quote(value.substr(0, 64)));
  }

  expo::Page& page_;
  std::string name_;
  Result<void> problem_;
};

/// The numbers N of names "<before>N:...".
std::set<std::string> slabs_of(const Stats& stats, std::string_view before) {
  std::set<std::string> slabs;
  for (auto it = stats.lower_bound(before); it != stats.end() && it->first.starts_with(before); ++it) {
    const std::string_view rest = it->first.substr(before.size());
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 3) continue;
    const std::string_view digits = rest.substr(0, colon);
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (slabs.size() < kMaxSlabs) slabs.emplace(digits);
  }
  return slabs;
}

}  // namespace

std::string_view take_answer(std::string_view& bytes) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find('\n', at);
    if (end == std::string_view::npos) return {};
    std::string_view line = bytes.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_first = at == 0;
    at = end + 1;
    if (line != "END" && line != "RESET" && (!is_first || line.starts_with("STAT "))) continue;
    const std::string_view answer = bytes.substr(0, at);
    bytes.remove_prefix(at);
    return answer;
  }
}

Result<Stats> parse_stats(std::string_view answer) {
  Stats stats;
  while (!answer.empty()) {
    const std::size_t end = answer.find('\n');
    std::string_view line = answer.substr(0, end);
    answer.remove_prefix(end == std::string_view::npos ? answer.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "END") return stats;
    if (is_error_line(line)) return fail(Errc::kIo, "{}", line);
    if (!line.starts_with("STAT ")) break;
    line.remove_prefix(5);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) {
      stats.insert_or_assign(line, std::string_view());
    } else {
      stats.insert_or_assign(line.substr(0, blank), line.substr(blank + 1));
    }
  }
  return fail(Errc::kCorrupt, "not memcached: {}", go_quote(answer.substr(0, 32)));
}

Result<void> put_stats(expo::Page& page, const Answers& answers) {
  Putter putter(page);
  const auto version = answers.stats.find("version");
  page.family("memcached_version", "The version of this memcached server.", Type::kGauge)
      .put({{"version", version == answers.stats.end() ? std::string_view() : version->second}}, 1);
  putter.commands(answers.stats);
  putter.rows(kGeneral, answers.stats, "", "");
  if (answers.stats.contains("proxy_backend_total")) putter.rows(kProxy, answers.stats, "", "");
  const auto total = answers.slabs.find("total_malloced");  // of `stats slabs`, and of the original's general ones
  if (total != answers.slabs.end()) putter.rows(kGeneral, {*total}, "", "");
  for (const std::string& slab : slabs_of(answers.items, "items:")) {
    const std::string prefix = fmt::format("items:{}:", slab);
    putter.lru_hits(answers.items, prefix, slab);
    putter.rows(kItems, answers.items, prefix, slab);
  }
  for (const std::string& slab : slabs_of(answers.slabs, "")) {
    const std::string prefix = fmt::format("{}:", slab);
    putter.slab_commands(answers.slabs, prefix, slab);
    putter.rows(kSlabs, answers.slabs, prefix, slab);
  }
  const auto maximum = answers.settings.find("maxconns");
  if (maximum != answers.settings.end()) putter.rows(kSettings, {*maximum}, "", "");
  const auto crawler = answers.settings.find("lru_crawler");
  if (crawler != answers.settings.end() && crawler->second == "yes") {
    putter.rows(kSettings, answers.settings, "", "");
  }
  return std::move(putter).problem();
}

}  // namespace tocsin::exporters::memcached
