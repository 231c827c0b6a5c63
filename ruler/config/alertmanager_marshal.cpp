// The configuration as API v2 shows it: as Alertmanager writes it, in the order of its structures, with the defaults of
// global and of the integrations, with secrets hidden. amtool reads its routing tree out of this text, so it must parse
// as an alertmanager.yml: where Alertmanager 0.25 (Debian 12's amtool) demands a URL, the scheme and host stay and only
// the rest is hidden, and keys that are younger than 0.25 are there only if somebody wrote them.

#include <algorithm>
#include <array>
#include <map>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "config/alertmanager_document.hpp"
#include "config/alertmanager_parts.hpp"

namespace tocsin::config::alertmanager {
namespace {

// --- global and integrations -----------------------------------------------------------------------------------------

using KeyOfKind = std::pair<std::string_view, std::string_view>;

/// Younger than Alertmanager 0.25, with a default or always shown there.
constexpr std::array<KeyOfKind, 10> kYounger = {{{"global", "slack_app_url"},
                                                 {"global", "rocketchat_api_url"},
                                                 {"slack", "app_url"},
                                                 {"slack", "update_message"},
                                                 {"slack", "timeout"},
                                                 {"webhook", "timeout"},
                                                 {"pagerduty", "timeout"},
                                                 {"discord", "content"},
                                                 {"discord", "username"},
                                                 {"discord", "avatar_url"}}};
/// Shown even if they are empty or false.
constexpr std::array<KeyOfKind, 9> kAlways = {{{"global", "smtp_require_tls"},
                                               {"slack", "short_fields"},
                                               {"slack", "link_names"},
                                               {"webhook", "max_alerts"},
                                               {"pushover", "html"},
                                               {"victorops", "routing_key"},
                                               {"sns", "sigv4"},
                                               {"rocketchat", "short_fields"},
                                               {"rocketchat", "link_names"}}};

GoYaml from_tree(const ValueTree& tree) {
  switch (tree.kind) {
    case ValueTree::Kind::kNull:
      return GoYaml::plain("null");
    case ValueTree::Kind::kBool:
      return GoYaml::flag(tree.boolean);
    case ValueTree::Kind::kInt:
      return GoYaml::plain(fmt::format("{}", tree.integer));
    case ValueTree::Kind::kDouble:
      return GoYaml::plain(fmt::format("{}", tree.number));
    case ValueTree::Kind::kString:
      return GoYaml::text(tree.text);
    case ValueTree::Kind::kList: {
      GoYaml out = GoYaml::list();
      for (const ValueTree& one : tree.list) out.items.push_back(from_tree(one));
      return out;
    }
    case ValueTree::Kind::kMap:
      break;
  }
  GoYaml out = GoYaml::map();
  for (const auto& [key, value] : tree.map) out.add(key, from_tree(value));
  std::ranges::sort(out.entries, {}, &std::pair<std::string, GoYaml>::first);  // as Go does
  return out;
}

/// What a structure of the configuration has, whoever it comes from: the file, `global`, or the defaults.
class Shown final : public FieldVisitor {
 public:
  /// @param written       the map of the document; may be missing.
  /// @param only_written  with variables: only what stands in the document, and as it stands there.
  Shown(std::string_view kind, yaml::Node written, bool only_written)
      : kind_(kind), written_(std::move(written)), only_written_(only_written) {}
  GoYaml take() { return std::move(out_); }

  void text(std::string_view key, std::string& value) override { put(key, GoYaml::text(value), value.empty()); }
  void plain(std::string_view key, std::string& value) override { text(key, value); }
  void file(std::string_view key, std::string& value) override { text(key, value); }
  void url(std::string_view key, std::string& value) override {
    put(key, GoYaml::text(without_userinfo(value)), value.empty());
  }
  void texts(std::string_view key, std::vector<std::string>& values) override {
    put(key, GoYaml::texts(values), values.empty());
  }
  void plains(std::string_view key, std::vector<std::string>& values) override { texts(key, values); }
  void text_map(std::string_view key, TextMap& values) override {
    GoYaml map = GoYaml::map();
    for (const auto& [name, value] : values) map.add(name, GoYaml::text(value));
    put(key, std::move(map), values.empty());
  }
  void tree(std::string_view key, std::optional<ValueTree>& value) override {
    if (value) put(key, from_tree(*value), false);
  }
  void tree_map(std::string_view key, TreeMap& values) override {
    ValueTree tree;
    tree.kind = ValueTree::Kind::kMap;
    tree.map = values;
    put(key, from_tree(tree), values.empty());
  }
  void secret(std::string_view key, Secret& value) override {
    put(key, GoYaml::text(value.reveal() == kChatPostMessage ? kChatPostMessage.data() : kSecretText), value.empty());
  }
  void secret_text(std::string_view key, Secret& value) override { secret(key, value); }
  void secret_url(std::string_view key, Secret& value) override { secret(key, value); }
  void secret_url_text(std::string_view key, Secret& value) override {
    put(key, GoYaml::text(hidden_url(value.reveal())), value.empty());
  }
  void secret_map(std::string_view key, SecretMap& values) override {
    GoYaml map = GoYaml::map();
    for (const auto& [name, value] : values) map.add(name, GoYaml::text(kSecretText));
    put(key, std::move(map), values.empty());
  }
  void flag(std::string_view key, bool& value) override { put(key, GoYaml::flag(value), !value); }
  void flag(std::string_view key, std::optional<bool>& value) override {
    if (value) put(key, GoYaml::flag(*value), false);
  }
  void count(std::string_view key, std::uint64_t& value) override {
    put(key, GoYaml::plain(fmt::format("{}", value)), value == 0);
  }
  void integer(std::string_view key, std::int64_t& value) override {
    put(key, GoYaml::plain(fmt::format("{}", value)), value == 0);
  }
  void duration(std::string_view key, Duration& value) override {
    put(key, GoYaml::text(format_duration(value)), value == Duration::zero());
  }
  void go_duration(std::string_view key, Duration& value) override {
    put(key, GoYaml::text(format_go_duration(value)), value == Duration::zero());
  }
  void tls(std::string_view key, std::optional<TlsConfig>&) override {
    if (is_written(key)) put(key, tls_config(written_[key]), false);
  }

 protected:
  void part(const Part& part) override {
    const yaml::Node node = written_.is_map() ? written_[part.key] : yaml::Node();
    GoYaml list = GoYaml::list(), map = GoYaml::map();
    for (std::size_t i = 0; i < part.size; ++i) {
      Shown below(kind_, part.is_list && node.is_sequence() ? node.at(i) : node, only_written_);
      part.visit(i, below);
      (part.is_list ? list.items.emplace_back() : map) = below.take();
    }
    const bool empty = part.is_list ? list.items.empty() : map.entries.empty();
    const bool always = std::ranges::find(kAlways, KeyOfKind(kind_, part.key)) != kAlways.end();
    if ((!empty || always) && (is_written(part.key) || !only_written_))
      out_.add(std::string(part.key), part.is_list ? list : map);
  }

 private:
  bool is_written(std::string_view key) const { return written_.is_map() && is_set(written_, key); }

  void put(std::string_view key, GoYaml value, bool is_empty) {
    const auto is_in = [&](const auto& list) { return std::ranges::find(list, KeyOfKind(kind_, key)) != list.end(); };
    if (!is_written(key)) {
      if (only_written_ || is_in(kYounger) || (is_empty && !is_in(kAlways))) return;
    } else if (is_empty && value.kind != GoYaml::Kind::kPlain && !is_in(kAlways)) {
      return;
    } else if (only_written_ && written_[key].is_scalar() && written_[key].text().contains('$') &&
               value.scalar != kSecretText) {
      value = from_document(std::string(kind_) + "_configs", std::string(key), written_[key]);
    }
    out_.add(std::string(key), std::move(value));
  }

  std::string_view kind_;
  yaml::Node written_;
  bool only_written_;
  GoYaml out_ = GoYaml::map();
};

GoYaml shown_global(const yaml::Node& written, const AlertmanagerGlobal& global, bool only_written) {
  Shown visitor("global", written, false);
  if (only_written) visitor = Shown("global", written, true);
  AlertmanagerGlobal copy = global;  // describe() may change what it shows
  copy.describe(visitor);
  GoYaml fields = visitor.take(), out = GoYaml::map();
  const bool has_timeout = !fields.entries.empty() && fields.entries.front().first == "resolve_timeout";
  if (!has_timeout) out.add("resolve_timeout", GoYaml::text(format_duration(global.resolve_timeout)));
  for (auto& [key, value] : fields.entries) {
    out.add(key, std::move(value));
    if (key == "resolve_timeout") out.add("http_config", http_config(written["http_config"]));
  }
  if (!has_timeout) {
    out.entries.insert(out.entries.begin() + 1, {"http_config", http_config(written["http_config"])});
  }
  return out;
}

/// In the order of Go's structure, which is not the one in which integrations are made.
constexpr std::array<std::string_view, 20> kReceiverOrder = {
    "discord",   "email",    "incidentio", "pagerduty",  "slack",    "webhook", "opsgenie",
    "wechat",    "pushover", "victorops",  "sns",        "telegram", "webex",   "msteams",
    "msteamsv2", "jira",     "rocketchat", "mattermost", "sms",      "github"};

template <typename Config>
GoYaml shown_integration(Config config, const yaml::Node& written, const yaml::Node& global, bool only_written) {
  GoYaml out = GoYaml::map();
  out.add("send_resolved", GoYaml::flag(config.send_resolved));
  if constexpr (std::derived_from<Config, HttpNotifierConfig>) {
    out.add("http_config",
            http_config(is_set(written, "http_config") ? written["http_config"] : global["http_config"]));
  }
  Shown visitor(Config::kKind, written, only_written);
  config.describe(visitor);
  for (auto& [key, value] : visitor.take().entries) out.add(key, std::move(value));
  return out;
}

GoYaml shown_receiver(const ReceiverConfig& receiver, const yaml::Node& written, const yaml::Node& global,
                      bool only_written) {
  GoYaml out = GoYaml::map();
  out.add("name", GoYaml::text(written["name"].text()));
  if (is_set(written, "labels")) add_sorted(out, "labels", written["labels"]);
  std::map<std::size_t, GoYaml> kinds;
  for_each_kind([&](auto kind) {
    using Config = config_of_kind<decltype(kind)>;
    if ((receiver.*kind).empty()) return;
    const yaml::Node list_written = written[std::string(Config::kKind) + "_configs"];
    GoYaml list = GoYaml::list();
    for (const Config& one : receiver.*kind) {
      list.items.push_back(shown_integration(one, list_written.at(list.items.size()), global, only_written));
    }
    const auto place = std::ranges::find(kReceiverOrder, Config::kKind) - kReceiverOrder.begin();
    kinds.insert_or_assign(static_cast<std::size_t>(place), std::move(list));
  });
  for (auto& [place, list] : kinds) out.add(std::string(kReceiverOrder[place]) + "_configs", std::move(list));
  if (is_set(written, "fallback")) out.add("fallback", from_document("receivers", "fallback", written["fallback"]));
  return out;
}

// --- routes, inhibition, intervals -----------------------------------------------------------------------------------

void add_matchers(GoYaml& out, std::string_view key, const yaml::Node& node, MatcherMode mode) {
  GoYaml list = GoYaml::list();
  for (const yaml::Node& one : node[key].elements()) {
    const auto parsed = parse_matchers(one.text(), mode);
    if (!parsed) list.items.push_back(GoYaml::text(one.text()));
    for (const model::Matcher& matcher : parsed ? parsed->matchers : std::vector<model::Matcher>()) {
      list.items.push_back(GoYaml::text(matcher_text(matcher)));
    }
  }
  if (!list.items.empty()) out.add(std::string(key), std::move(list));
}

GoYaml shown_route(const yaml::Node& node, MatcherMode mode) {
  GoYaml out = GoYaml::map();
  if (is_set(node, "receiver")) out.add("receiver", GoYaml::text(node["receiver"].text()));
  add_texts(out, "group_by", node);
  for (const char* key : {"match", "match_re"}) add_sorted(out, key, node[key]);
  add_matchers(out, "matchers", node, mode);
  for (const char* key : {"mute_time_intervals", "active_time_intervals"}) add_texts(out, key, node);
  out.add("continue", GoYaml::flag(node["continue"].as_bool().value_or(false)));
  GoYaml routes = GoYaml::list();
  for (const yaml::Node& child : node["routes"].elements()) routes.items.push_back(shown_route(child, mode));
  if (!routes.items.empty()) out.add("routes", std::move(routes));
  for (const char* key : {"group_wait", "group_interval", "repeat_interval"}) {
    if (is_set(node, key)) out.add(key, duration_of(node[key]));
  }
  add_sorted(out, "labels", node["labels"]);
  return out;
}

GoYaml shown_inhibit_rule(const yaml::Node& node, MatcherMode mode) {
  GoYaml out = GoYaml::map();
  if (is_set(node, "name")) out.add("name", GoYaml::text(node["name"].text()));
  for (const std::string side : {"source", "target"}) {
    add_sorted(out, side + "_match", node[side + "_match"]);
    add_sorted(out, side + "_match_re", node[side + "_match_re"]);
    add_matchers(out, side + "_matchers", node, mode);
  }
  add_texts(out, "equal", node);
  return out;
}

std::string weekday(int day) {
  static constexpr std::array<std::string_view, 7> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                            "thursday", "friday", "saturday"};
  return std::string(kDays[static_cast<std::size_t>(day)]);
}

void add_ranges(GoYaml& out, std::string key, const std::vector<InclusiveRange>& ranges, std::string (*name)(int)) {
  std::vector<std::string> texts;
  for (const InclusiveRange& range : ranges) {
    texts.push_back(range.begin == range.end ? name(range.begin) : name(range.begin) + ":" + name(range.end));
  }
  if (!texts.empty()) out.add(std::move(key), GoYaml::texts(texts, GoYaml::Kind::kFlowList));
}

GoYaml shown_interval(const TimeInterval& interval) {
  const auto number = [](int n) { return std::to_string(n); };
  const auto clock = [](int minutes) { return GoYaml::text(fmt::format("{:02}:{:02}", minutes / 60, minutes % 60)); };
  GoYaml out = GoYaml::map(), times = GoYaml::list();
  for (const TimeRange& range : interval.times) {
    times.items.push_back(GoYaml::map({{"start_time", clock(range.begin)}, {"end_time", clock(range.end)}}));
  }
  if (!times.items.empty()) out.add("times", std::move(times));
  add_ranges(out, "weekdays", interval.weekdays, weekday);
  add_ranges(out, "days_of_month", interval.days_of_month, number);
  add_ranges(out, "months", interval.months, number);
  add_ranges(out, "years", interval.years, number);
  if (!interval.location.empty()) out.add("location", GoYaml::text(interval.location));
  return out;
}

GoYaml shown_named_intervals(const yaml::Node& node) {
  GoYaml out = GoYaml::map(), list = GoYaml::list();
  out.add("name", GoYaml::text(node["name"].text()));
  for (const yaml::Node& one : node["time_intervals"].elements()) {
    const Result<TimeInterval> interval = parse_time_interval(one);
    list.items.push_back(interval ? shown_interval(*interval) : from_document("time_intervals", "", one));
  }
  out.add("time_intervals", std::move(list));
  return out;
}

template <typename Show>
void add_list(GoYaml& out, std::string key, const yaml::Node& root, Show show) {
  GoYaml list = GoYaml::list();
  for (const yaml::Node& one : root[key].elements()) list.items.push_back(show(one));
  if (!list.items.empty()) out.add(std::move(key), std::move(list));
}

}  // namespace

std::string marshal_without_secrets(const yaml::Node& root, const AlertmanagerConfig& config, MatcherMode mode,
                                    bool has_variables) {
  const yaml::Node global = root["global"];
  GoYaml out = GoYaml::map();
  out.add("global", shown_global(global, config.global, has_variables));
  out.add("route", shown_route(root["route"], mode));
  add_list(out, "inhibit_rules", root, [mode](const yaml::Node& one) { return shown_inhibit_rule(one, mode); });
  std::size_t next = 0;
  add_list(out, "receivers", root,
           [&](const yaml::Node& one) { return shown_receiver(config.receivers[next++], one, global, has_variables); });
  // As Alertmanager finds them: seen from the folder of the file.
  const auto written = root["templates"].as_strings();
  out.add("templates", GoYaml::texts(has_variables && written ? *written : config.templates));
  for (const char* key : {"mute_time_intervals", "time_intervals"}) add_list(out, key, root, shown_named_intervals);
  if (is_set(root, "tracing")) out.add("tracing", from_document("", "tracing", root["tracing"]));
  return yaml::write_go_yaml(out);
}

}  // namespace tocsin::config::alertmanager
