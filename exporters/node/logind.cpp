// Sessions of logind by seat and kind, over D-Bus.
// Source of the properties: org.freedesktop.login1(5).

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "exporters/node/collectors.hpp"
#include "exporters/node/dbus.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr const char *kService = "org.freedesktop.login1", *kPath = "/org/freedesktop/login1",
                     *kManager = "org.freedesktop.login1.Manager", *kSession = "org.freedesktop.login1.Session";
constexpr std::array<std::string_view, 2> kRemote = {"true", "false"};
// "other" is what logind may have got since.
constexpr std::array<std::string_view, 7> kTypes = {"other", "unspecified", "tty", "x11", "wayland", "mir", "web"};
constexpr std::array<std::string_view, 5> kClasses = {"other", "user", "greeter", "lock-screen", "background"};

template <std::size_t size>
std::string_view known_or_other(const std::string& text, const std::array<std::string_view, size>& known) {
  const auto found = std::ranges::find(known, text);
  return found == known.end() ? known[0] : *found;
}

class Logind final : public Collector {
 public:
  explicit Logind(const NodeContext& context) : dbus_(context.clock, context.options.dbus_socket, true) {}
  std::string_view name() const override { return "logind"; }

  Result<void> collect(expo::Page& page) override {
    const std::array<DbusCall, 2> calls = {DbusCall{kService, kPath, kManager, "ListSeats"},
                                           DbusCall{kService, kPath, kManager, "ListSessions"}};
    TOCSIN_TRY(std::vector<DbusMessage> answers, dbus_.ask(calls));
    TOCSIN_TRY(const DbusMessage seat_list, good_answer(std::move(answers[0])));
    TOCSIN_TRY(const DbusMessage session_list, good_answer(std::move(answers[1])));
    if (seat_list.signature != "a(so)" || session_list.signature != "a(susso)") {
      return fail(Errc::kCorrupt, "D-Bus: logind's lists have \"{}\" and \"{}\"", seat_list.signature,
                  session_list.signature);
    }
    std::vector<std::string> seats;
    DbusReader seat(seat_list);
    seat.each_struct([&] {
      seats.emplace_back(seat.text());
      seat.text();  // its path
    });
    seats.emplace_back();  // of remote sessions
    std::vector<std::string> session_seats;
    std::vector<DbusCall> questions;
    DbusReader session(session_list);
    session.each_struct([&] {
      session.text();      // its number
      session.number32();  // the user's
      session.text();      // the user's name
      session_seats.emplace_back(session.text());
      const std::string path(session.text());
      for (const char* const property : {"Remote", "Type", "Class"}) {
        questions.push_back(get_property(kService, path, kSession, property));
      }
    });
    if (!seat.good() || !session.good()) return fail(Errc::kCorrupt, "D-Bus: logind's lists are cut");
    TOCSIN_TRY(const std::vector<DbusMessage> properties, dbus_.ask(questions));
    std::map<Kind, int> counts;
    for (std::size_t i = 0; i < session_seats.size(); ++i) {
      const auto remote = dbus_number(properties[3 * i]);
      const auto type = dbus_text(properties[3 * i + 1]), session_class = dbus_text(properties[3 * i + 2]);
      if (!remote || !type || !session_class) continue;  // it has ended in between
      ++counts[{session_seats[i], kRemote[*remote == 0 ? 1 : 0], known_or_other(*type, kTypes),
                known_or_other(*session_class, kClasses)}];
    }
    put(page, seats, counts);
    return {};
  }

 private:
  using Kind = std::tuple<std::string, std::string_view, std::string_view, std::string_view>;

  static void put(expo::Page& page, const std::vector<std::string>& seats, const std::map<Kind, int>& counts) {
    auto& family =
        page.family("node_logind_sessions", "Number of sessions registered in logind.", model::MetricType::kGauge);
    for (const std::string& seat : seats) {
      for (const std::string_view remote : kRemote) {
        for (const std::string_view type : kTypes) {
          for (const std::string_view session_class : kClasses) {
            const auto found = counts.find({seat, remote, type, session_class});
            family.put({{"seat", seat}, {"remote", remote}, {"type", type}, {"class", session_class}},
                       found == counts.end() ? 0 : found->second);
          }
        }
      }
    }
  }

  Dbus dbus_;
};

}  // namespace

MadeCollector make_logind(const NodeContext& context) {
  return std::make_unique<Logind>(context);
}

}  // namespace tocsin::exporters::node
