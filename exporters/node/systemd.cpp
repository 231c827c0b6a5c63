// Units of systemd, over D-Bus.
// Source of the properties: org.freedesktop.systemd1(5).

#include <array>
#include <limits>
#include <map>
#include <memory>

#include <unistd.h>

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/dbus.hpp"
#include "model/matcher.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr const char *kManagerPath = "/org/freedesktop/systemd1", *kManager = "org.freedesktop.systemd1.Manager",
                     *kUnit = "org.freedesktop.systemd1.Unit", *kService = "org.freedesktop.systemd1.Service",
                     *kMount = "org.freedesktop.systemd1.Mount", *kTimer = "org.freedesktop.systemd1.Timer",
                     *kSocket = "org.freedesktop.systemd1.Socket";
constexpr std::array<std::string_view, 5> kStates = {"active", "activating", "deactivating", "inactive", "failed"};
/// The first version with SystemState and LastTriggerUSec.
constexpr double kMinVersion = 212;
constexpr auto kGauge = model::MetricType::kGauge, kCounter = model::MetricType::kCounter;

struct Unit {
  std::string name, load_state, active_state, path;
};

/// A property that is shown as it is.
struct Number {
  const char* interface;
  const char* property;
  std::string_view name, help;
  model::MetricType type;
  double divisor = 1;
};
constexpr Number kRestarts = {kService, "NRestarts", "service_restart_total", "Service unit count of Restart triggers",
                              kCounter};
constexpr Number kTasks[] = {
    {kService, "TasksCurrent", "unit_tasks_current", "Current number of tasks per Systemd unit", kGauge},
    {kService, "TasksMax", "unit_tasks_max", "Maximum number of tasks per Systemd unit", kGauge}};
constexpr Number kStart = {kUnit,
                           "ActiveEnterTimestamp",
                           "unit_start_time_seconds",
                           "Start time of the unit since unix epoch in seconds.",
                           kGauge,
                           1e6};
constexpr Number kTrigger = {
    kTimer, "LastTriggerUSec", "timer_last_trigger_seconds", "Seconds since epoch of last trigger.", kGauge, 1e6};
constexpr Number kConnections[] = {
    {kSocket, "NAccepted", "socket_accepted_connections_total", "Total number of accepted socket connections",
     kCounter},
    {kSocket, "NConnections", "socket_current_connections", "Current number of socket connections", kGauge},
    {kSocket, "NRefused", "socket_refused_connections_total", "Total number of refused socket connections", kGauge}};

/// The first number of three digits or more in "252.38-1~deb12u1", with what is behind its point; 0 if there is none.
double version_number(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end - at < 3) {
      at = std::max(at, end);
      continue;
    }
    if (end + 1 < text.size() && text[end] == '.') {
      const std::size_t fraction = std::min(text.find_first_not_of("0123456789", end + 1), text.size());
      if (fraction > end + 1) end = fraction;
    }
    double value = 0;
    return parse_float(text.substr(at, end - at), value) ? value : 0;
  }
  return 0;
}

class Systemd final : public Collector {
 public:
  Systemd(const NodeContext& context, model::AnchoredRegex include, model::AnchoredRegex exclude)
      : options_(context.options), include_(std::move(include)), exclude_(std::move(exclude)), clock_(context.clock) {
    connect_to(options_.systemd_private);
  }
  std::string_view name() const override { return "systemd"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::vector<DbusMessage> answers, ask_manager());
    const double version = put_version(page, answers[0]);
    put_virtualization(page, answers[1]);
    TOCSIN_TRY(const DbusMessage list, good_answer(std::move(answers[3])));
    TOCSIN_TRY(std::vector<Unit> units, read_units(list));
    put_summary(page, units);
    std::erase_if(units, [&](const Unit& unit) {
      return unit.load_state != "loaded" || !include_.matches(unit.name) || exclude_.matches(unit.name);
    });
    TOCSIN_OK(put_units(page, units, version));
    if (version < kMinVersion) return {};
    TOCSIN_TRY(const DbusMessage state, good_answer(std::move(answers[2])));
    family(page, "system_running", "Whether the system is operational (see 'systemctl is-system-running')", kGauge)
        .put(dbus_text(state) == "running" ? 1 : 0);
    return {};
  }

 private:
  /// A question about a unit, and what is done with its answer.
  struct Question {
    const Unit* unit;
    const Number* number;  // nullptr: the type, for unit_state
  };

  /// By the bus, or by systemd's own socket.
  void connect_to(bool own_socket) {
    own_socket_ = own_socket;
    destination_ = own_socket ? "" : "org.freedesktop.systemd1";
    dbus_ = std::make_unique<Dbus>(clock_, own_socket ? options_.systemd_private_socket : options_.dbus_socket,
                                   !own_socket);
  }

  Result<std::vector<DbusMessage>> ask_directly() {
    const std::array<DbusCall, 4> calls = {get_property(destination_, kManagerPath, kManager, "Version"),
                                           get_property(destination_, kManagerPath, kManager, "Virtualization"),
                                           get_property(destination_, kManagerPath, kManager, "SystemState"),
                                           DbusCall{destination_, kManagerPath, kManager, "ListUnits"}};
    return dbus_->ask(calls);
  }

  /// Root may ask systemd itself where there is no bus, as with go-systemd.
  Result<std::vector<DbusMessage>> ask_manager() {
    auto answers = ask_directly();
    if (answers || answers.error().code != Errc::kUnavailable || options_.systemd_private || ::geteuid() != 0) {
      return answers;
    }
    connect_to(!own_socket_);
    auto others = ask_directly();
    if (others) return others;
    connect_to(false);
    return answers;
  }

  static expo::CachedFamily& family(expo::Page& page, std::string_view name, std::string_view help,
                                    model::MetricType type) {
    return page.family(fmt::format("node_systemd_{}", name), help, type);
  }

  static double put_version(expo::Page& page, const DbusMessage& answer) {
    const std::string text = dbus_text(answer).value_or("");
    const double version = version_number(text);
    family(page, "version", "Detected systemd version", kGauge).put({{"version", version > 0 ? text : ""}}, version);
    return version;
  }

  static void put_virtualization(expo::Page& page, const DbusMessage& answer) {
    std::string kind = dbus_text(answer).value_or("unknown");
    if (kind.empty()) kind = "none";
    family(page, "virtualization_info", "Detected virtualization technology", kGauge)
        .put({{"virtualization_type", kind}}, 1);
  }

  static Result<std::vector<Unit>> read_units(const DbusMessage& list) {
    if (list.signature != "a(ssssssouso)") return fail(Errc::kCorrupt, "D-Bus: ListUnits has \"{}\"", list.signature);
    std::vector<Unit> units;
    DbusReader reader(list);
    reader.each_struct([&] {
      Unit unit;
      unit.name = reader.text();
      reader.text();  // description
      unit.load_state = reader.text();
      unit.active_state = reader.text();
      reader.text();  // the state below it
      reader.text();  // the unit that it follows
      unit.path = reader.text();
      reader.number32();  // its job
      reader.text();
      reader.text();
      units.push_back(std::move(unit));
    });
    if (!reader.good()) return fail(Errc::kCorrupt, "D-Bus: ListUnits is cut");
    return units;
  }

  static void put_summary(expo::Page& page, const std::vector<Unit>& units) {
    std::map<std::string_view, int> counts;
    for (const std::string_view state : kStates) counts[state] = 0;
    for (const Unit& unit : units) ++counts[unit.active_state];
    auto& summary = family(page, "units", "Summary of systemd unit states", kGauge);
    for (const auto& [state, count] : counts) summary.put({{"state", state}}, count);
  }

  void add_questions(const Unit& unit, double version, std::vector<Question>& questions) const {
    const bool service = unit.name.ends_with(".service");
    if (service || unit.name.ends_with(".mount")) questions.push_back({&unit, nullptr});
    if (service && options_.systemd_restarts) questions.push_back({&unit, &kRestarts});
    if (service && options_.systemd_tasks) {
      for (const Number& number : kTasks) questions.push_back({&unit, &number});
    }
    if (options_.systemd_start_time && unit.active_state == "active") questions.push_back({&unit, &kStart});
    if (unit.name.ends_with(".timer") && version >= kMinVersion) questions.push_back({&unit, &kTrigger});
    if (unit.name.ends_with(".socket")) {
      for (const Number& number : kConnections) questions.push_back({&unit, &number});
    }
  }

  Result<void> put_units(expo::Page& page, const std::vector<Unit>& units, double version) {
    std::vector<Question> questions;
    for (const Unit& unit : units) add_questions(unit, version, questions);
    std::vector<DbusCall> calls;
    calls.reserve(questions.size());
    for (const auto& [unit, number] : questions) {
      const char* const interface =
          number != nullptr ? number->interface : unit->name.ends_with(".mount") ? kMount : kService;
      calls.push_back(get_property(destination_, unit->path, interface, number != nullptr ? number->property : "Type"));
    }
    TOCSIN_TRY(const std::vector<DbusMessage> answers, dbus_->ask(calls));
    std::map<const Unit*, std::string> types;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto& [unit, number] = questions[i];
      if (number == nullptr) {
        types[unit] = dbus_text(answers[i]).value_or("");
        continue;
      }
      // A unit that is gone in between, and a property that an old systemd does not have, have no series.
      const auto value = dbus_number(answers[i]);
      if (value && *value != std::numeric_limits<std::uint64_t>::max()) {
        put_number(page, *unit, *number, static_cast<double>(*value));
      }
    }
    for (const Unit& unit : units) {
      put_state(page, unit, types[&unit]);
      if (options_.systemd_start_time && unit.active_state != "active") put_number(page, unit, kStart, 0);
    }
    return {};
  }

  static void put_number(expo::Page& page, const Unit& unit, const Number& number, double value) {
    family(page, number.name, number.help, number.type).put({{"name", unit.name}}, value / number.divisor);
  }

  static void put_state(expo::Page& page, const Unit& unit, std::string_view type) {
    auto& states = family(page, "unit_state", "Systemd unit", kGauge);
    for (const std::string_view state : kStates) {
      states.put({{"name", unit.name}, {"state", state}, {"type", type}}, unit.active_state == state ? 1 : 0);
    }
  }

  NodeOptions options_;
  model::AnchoredRegex include_, exclude_;
  Clock& clock_;
  bool own_socket_ = false;
  std::string destination_;
  std::unique_ptr<Dbus> dbus_;
};

}  // namespace

MadeCollector make_systemd(const NodeContext& context) {
  const NodeOptions& options = context.options;
  auto include = model::AnchoredRegex::make(options.systemd_unit_include);
  if (!include) return fail(Errc::kInvalid, "--collector.systemd.unit-include: {}", include.error().message);
  auto exclude = model::AnchoredRegex::make(options.systemd_unit_exclude);
  if (!exclude) return fail(Errc::kInvalid, "--collector.systemd.unit-exclude: {}", exclude.error().message);
  return std::make_unique<Systemd>(context, std::move(*include), std::move(*exclude));
}

}  // namespace tocsin::exporters::node
