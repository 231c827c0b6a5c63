// Collectors that ask the kernel over netlink: its messages, made by this test, and this machine's own answers.

#include "exporters/node/netlink.hpp"

#include <set>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <linux/gen_stats.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "exporters/node/address_message.hpp"
#include "exporters/node/link_message.hpp"
#include "exporters/node/qdisc_message.hpp"
#include "exporters/node/route_message.hpp"
#include "exporters/node/tcp_states.hpp"
#include "exporters/node/wifi_message.hpp"
#include "unit/node/host.hpp"

using namespace tocsin;
using namespace tocsin::exporters::node;
using test::Host;

namespace {

constexpr std::uint32_t kSequence = 7;

std::string netlink_message(std::uint16_t type, std::string_view body, std::uint32_t sequence = kSequence) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + body.size());
  header.nlmsg_type = type;
  header.nlmsg_seq = sequence;
  std::string out = std::string(bytes_of(header)).append(body);
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string attribute(std::uint16_t type, std::string_view value) {
  std::string out;
  append_attribute(out, type, value);
  return out;
}

template <typename T>
std::string number(T value) {
  return std::string(bytes_of(value));
}

std::string address(const char* text) {
  const int family = std::string_view(text).contains(':') ? AF_INET6 : AF_INET;
  std::string bytes(family == AF_INET6 ? 16 : 4, '\0');
  REQUIRE(inet_pton(family, text, bytes.data()) == 1);
  return bytes;
}

std::string route_message(unsigned char length, unsigned char type, const std::string& attributes) {
  rtmsg header{};
  header.rtm_dst_len = length;
  header.rtm_type = type;
  header.rtm_protocol = RTPROT_KERNEL;
  return std::string(bytes_of(header)) + attributes;
}

/// Each beginning of a message is parsed: none may do harm.
template <typename Parse>
void parse_each_beginning(const std::string& message, Parse parse) {
  for (std::size_t length = 0; length <= message.size(); ++length) {
    const std::string beginning = message.substr(0, length);  // of its own, so that a sanitizer sees its end
    (void)parse(beginning);
  }
}

std::set<std::string> series_of(const std::string& lines) {
  std::set<std::string> out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    out.insert(lines.substr(at, lines.rfind(' ', end) - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("an answer of netlink is its messages up to the last one, or an error") {
  std::string seen;
  const auto take = [&](std::uint16_t type, std::string_view body) { seen += fmt::format("{}:{} ", type, body); };
  const auto parse = [&](const std::string& datagram) { return parse_netlink(datagram, kSequence, take); };
  CHECK(*parse(netlink_message(20, "abc") + netlink_message(NLMSG_NOOP, "") + netlink_message(21, "")) == false);
  CHECK(*parse(netlink_message(19, "of another question", 6) + netlink_message(22, "d") +
               netlink_message(NLMSG_DONE, number(0))) == true);
  CHECK(*parse(netlink_message(NLMSG_ERROR, number(0))) == true);  // an acknowledgement
  CHECK(*parse(netlink_message(NLMSG_ERROR, number(-EINVAL), 6)) == false);
  CHECK(seen == "20:abc 21: 22:d ");
  const std::pair<int, Errc> errors[] = {
      {-ENOENT, Errc::kUnavailable}, {-EPERM, Errc::kUnavailable}, {-ENOBUFS, Errc::kIo}};
  for (const auto& [code, kind] : errors) {
    for (const int type : {NLMSG_ERROR, NLMSG_DONE}) {
      const auto refused = parse(netlink_message(static_cast<std::uint16_t>(type), number(code)));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == kind);
    }
  }
  const std::string whole = netlink_message(20, "abcdefg");
  for (std::size_t length = 1; length < whole.size() - 1; ++length) CHECK_FALSE(parse(whole.substr(0, length)));
  CHECK_FALSE(parse(std::string(16, '\0')));  // of no length: this must not go on for ever
}

TEST_CASE("a route has a destination, a way and who made it") {
  const std::string attributes = attribute(RTA_DST, address("10.1.0.0")) + attribute(RTA_PREFSRC, address("10.1.0.7")) +
                                 attribute(RTA_OIF, number(3)) + attribute(RTA_PRIORITY, number(100));
  const std::vector<Route> routes = parse_route(route_message(16, RTN_UNICAST, attributes));
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].destination == "10.1.0.0/16");
  CHECK(routes[0].source == "10.1.0.7");
  CHECK(routes[0].gateway.empty());
  CHECK(routes[0].weight.empty());
  CHECK(routes[0].device == 3);
  CHECK(routes[0].priority == 100);
  CHECK(route_protocol_name(routes[0].protocol) == "kernel");
  CHECK(route_protocol_name(200) == "unknown");
  CHECK(parse_route(route_message(16, RTN_LOCAL, attributes)).empty());
  CHECK(parse_route("short").empty());
  const auto six = parse_route(route_message(0, RTN_UNICAST, attribute(RTA_GATEWAY, address("fe80::1"))));
  REQUIRE(six.size() == 1);
  CHECK(six[0].destination == "default");
  CHECK(six[0].gateway == "fe80::1");
}

TEST_CASE("a route over several devices has a weight for each") {
  std::string ways;
  for (const int device : {2, 3}) {
    const std::string gateway = attribute(RTA_GATEWAY, address("10.0.0.1"));
    rtnexthop hop{};
    hop.rtnh_len = static_cast<unsigned short>(sizeof(hop) + gateway.size());
    hop.rtnh_hops = static_cast<unsigned char>(device);
    hop.rtnh_ifindex = device;
    ways += std::string(bytes_of(hop)) + gateway;
  }
  const std::string message = route_message(0, RTN_UNICAST, attribute(RTA_MULTIPATH, ways));
  const std::vector<Route> routes = parse_route(message);
  REQUIRE(routes.size() == 2);
  CHECK(routes[1].device == 3);
  CHECK(routes[1].gateway == "10.0.0.1");
  CHECK(routes[1].weight == "4");
  parse_each_beginning(message, [](const std::string& text) { return parse_route(text); });
}

TEST_CASE("a network device has what the kernel says of it, and nothing that it does not say") {
  ifinfomsg header{};
  header.ifi_index = 5;
  header.ifi_type = 1;
  header.ifi_flags = IFF_UP;
  const std::string message = std::string(bytes_of(header)) + attribute(IFLA_IFNAME, std::string_view("eth0\0", 5)) +
                              attribute(IFLA_ADDRESS, "\x02\xfc\x01") +
                              attribute(IFLA_OPERSTATE, number<std::uint8_t>(6)) + attribute(IFLA_LINK, number(0U)) +
                              attribute(IFLA_MTU, number(1500U)) + attribute(IFLA_CARRIER_CHANGES, number(9U)) +
                              attribute(IFLA_STATS64, std::string(24, '\1'));
  const auto link = parse_link(message);
  REQUIRE(link);
  CHECK(link->name == "eth0");
  CHECK(link->index == 5);
  CHECK(link->link == 0);
  CHECK(link->state == 6);
  CHECK(link->mtu == 1500);
  CHECK(link->carrier_changes == 9U);
  CHECK_FALSE(link->carrier_up);
  CHECK(link->stats64.size() == 24);
  CHECK(hardware_address(link->address) == "02:fc:01");
  CHECK(hardware_address("").empty());
  CHECK_FALSE(link->set_flags);
  header.ifi_flags = IFF_UP | IFF_PROMISC | IFF_RUNNING | IFF_LOWER_UP;
  const auto more = parse_link(std::string(bytes_of(header)) + attribute(IFLA_IFNAME, "a") +
                               attribute(IFLA_PROMISCUITY, number(0U)) + attribute(IFLA_ALLMULTI, number(2U)));
  REQUIRE(more);
  CHECK(more->link == 5);  // its own
  CHECK(more->set_flags == (IFF_UP | IFF_ALLMULTI));
  CHECK_FALSE(parse_link(bytes_of(header)));  // without a name
  parse_each_beginning(message, [](const std::string& text) { return parse_link(text).has_value(); });
}

TEST_CASE("an address of a device is its own end, with its scope") {
  ifaddrmsg header{};
  header.ifa_index = 3;
  header.ifa_prefixlen = 24;
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "link-local"},
      {"169.254.3.4", "link-local"},
      {"224.0.0.251", "link-local"},
      {"10.1.2.3", "global"},
      {"239.1.2.3", ""},
      {"0.0.0.0", ""},
      {"::1", "link-local"},
      {"fe80::1", "link-local"},
      {"ff02::1", "link-local"},
      {"ff01::1", "interface-local"},
      {"2001:db8::7", "global"},
      {"::", ""},
  };
  for (const auto& [text, scope] : cases) {
    INFO(text);
    header.ifa_family = std::string_view(text).contains(':') ? AF_INET6 : AF_INET;
    const std::string message = std::string(bytes_of(header)) + attribute(IFA_ADDRESS, address(text));
    const auto found = parse_device_address(message);
    REQUIRE(found);
    CHECK(found->address == text);
    CHECK(found->scope == scope);
    CHECK(found->device == 3);
    CHECK(found->prefix_length == 24);
    parse_each_beginning(message, [](const std::string& part) { return parse_device_address(part).has_value(); });
  }
  header.ifa_family = AF_INET;
  const auto tunnel = parse_device_address(std::string(bytes_of(header)) + attribute(IFA_ADDRESS, address("10.0.0.2")) +
                                           attribute(IFA_LOCAL, address("10.0.0.1")));
  REQUIRE(tunnel);
  CHECK(tunnel->address == "10.0.0.1");
}

TEST_CASE("a queueing discipline is of its device or of another discipline, with short statistics too") {
  tcmsg header{};
  header.tcm_ifindex = 4;
  header.tcm_parent = TC_H_ROOT;
  gnet_stats_queue queue{};
  queue.qlen = 1;
  queue.backlog = 2;
  queue.drops = 3;
  queue.requeues = 4;
  queue.overlimits = 5;
  const std::string stats =
      attribute(TCA_STATS_BASIC, number<std::uint64_t>(600) + number(7U)) + attribute(TCA_STATS_QUEUE, bytes_of(queue));
  const std::string message = std::string(bytes_of(header)) + attribute(TCA_KIND, std::string_view("fq\0", 3)) +
                              attribute(TCA_STATS2 | NLA_F_NESTED, stats);
  const auto qdisc = parse_qdisc(message);
  REQUIRE(qdisc);
  CHECK(qdisc->device == 4);
  CHECK(qdisc->parent == 0);
  CHECK(qdisc->kind == "fq");
  CHECK(qdisc->bytes == 600);
  CHECK(qdisc->packets == 7);
  CHECK(qdisc->queue_length == 1);
  CHECK(qdisc->backlog == 2);
  CHECK(qdisc->drops == 3);
  CHECK(qdisc->requeues == 4);
  CHECK(qdisc->overlimits == 5);
  header.tcm_parent = 0x10000;
  CHECK(parse_qdisc(bytes_of(header))->parent == 0x10000);
  parse_each_beginning(message, [](const std::string& text) { return parse_qdisc(text).has_value(); });
}

TEST_CASE("a station's wider counters and rates stand, whichever comes first") {
  const std::string narrow = attribute(NL80211_STA_INFO_RX_BYTES, number(1U)),
                    wide = attribute(NL80211_STA_INFO_RX_BYTES64, number<std::uint64_t>(1) + ""),
                    rate = attribute(NL80211_STA_INFO_TX_BITRATE | NLA_F_NESTED,
                                     attribute(NL80211_RATE_INFO_BITRATE32, number(1640U)) +
                                         attribute(NL80211_RATE_INFO_BITRATE, number<std::uint16_t>(3)));
  const auto station = [&](const std::string& info) {
    return parse_wifi_station(attribute(NL80211_ATTR_MAC, "\x01\x02") +
                              attribute(NL80211_ATTR_STA_INFO | NLA_F_NESTED, info));
  };
  const std::string most = attribute(NL80211_STA_INFO_RX_BYTES64, number<std::uint64_t>(1ULL << 40U)) + narrow + rate +
                           attribute(NL80211_STA_INFO_SIGNAL, number<std::int8_t>(-52)) +
                           attribute(NL80211_STA_INFO_INACTIVE_TIME, number(400U));
  const auto one = station(most);
  REQUIRE(one);
  CHECK(one->receive_bytes == 1ULL << 40U);
  CHECK(one->transmit_bits_per_second == 164'000'000);
  CHECK(one->signal_dbm == -52);
  CHECK(one->inactive_seconds == 0.4);
  CHECK(one->address == "\x01\x02");
  CHECK(station(narrow)->receive_bytes == 1);
  CHECK_FALSE(parse_wifi_station(attribute(NL80211_ATTR_MAC, "\x01")));
  parse_each_beginning(attribute(NL80211_ATTR_STA_INFO, most),
                       [](const std::string& text) { return parse_wifi_station(text).has_value(); });
}

TEST_CASE("the network of a wireless device is the one with a status") {
  using namespace std::string_literals;
  const std::string elements = "\x01\x01\x02\x00\x04Home\x03\x01\x01"s;
  const std::string seen =
      attribute(NL80211_BSS_BSSID, "\x0a\x0b") + attribute(NL80211_BSS_INFORMATION_ELEMENTS, elements);
  const std::string message =
      attribute(NL80211_ATTR_BSS | NLA_F_NESTED, seen + attribute(NL80211_BSS_STATUS, number(1U)));
  const auto network = parse_wifi_network(message);
  REQUIRE(network);
  CHECK(network->ssid == "Home");
  CHECK(hardware_address(network->bssid) == "0a:0b");
  CHECK(wifi_mode(network->status) == "client");
  CHECK(wifi_mode(2) == "ad-hoc");
  CHECK(wifi_mode(3) == "unknown");
  CHECK_FALSE(parse_wifi_network(attribute(NL80211_ATTR_BSS | NLA_F_NESTED, seen)));
  parse_each_beginning(message, [](const std::string& text) { return parse_wifi_network(text).has_value(); });
  const WifiDevice device = parse_wifi_device(attribute(NL80211_ATTR_IFNAME, "wlan0"s + '\0') +
                                              attribute(NL80211_ATTR_WIPHY_FREQ, number(2412U)));
  CHECK(device.name == "wlan0");
  CHECK(device.megahertz == 2412);
}

TEST_CASE("sockets are counted by state, with the bytes in their queues") {
  TcpStates states;
  for (const std::uint8_t state : {1, 1, 10, 12, 200}) {
    inet_diag_msg socket{};
    socket.idiag_state = state;
    socket.idiag_rqueue = 11;
    socket.idiag_wqueue = 21;
    CHECK(states.add(bytes_of(socket)));
  }
  CHECK_FALSE(states.add("short"));
  CHECK(states.sockets[1] == 2);
  CHECK(states.sockets[10] == 1);
  CHECK(states.sockets[0] == 2);
  CHECK(states.received_bytes == 55);
  CHECK(states.sent_bytes == 105);
  CHECK(tcp_state_name(10) == "listen");
  CHECK(tcp_state_name(99) == "unknown");
}

TEST_CASE(
    "this machine's routes, sockets, disciplines and wireless devices are told, or the kernel does not have them") {
  for (const char* const name : {"network_route", "tcpstat", "qdisc", "wifi"}) {
    INFO(name);
    Host host(name);
    for (int round = 0; round < 2; ++round) {
      const auto result = host.collect();
      if (!result) {
        INFO(result.error().message);
        CHECK(result.error().code == Errc::kUnavailable);
      } else if (name == std::string("tcpstat")) {
        CHECK_THAT(host.lines(), Catch::Contains("node_tcp_connection_states{state=\"rx_queued_bytes\"} "));
      }
    }
  }
}

TEST_CASE("the counters of a device come with its index, and may be cut") {
  if_stats_msg header{};
  header.ifindex = 7;
  const std::string message = std::string(bytes_of(header)) + attribute(IFLA_STATS_LINK_XSTATS, "other") +
                              attribute(IFLA_STATS_LINK_64, std::string(24, '\1'));
  const auto stats = parse_link_stats(message);
  REQUIRE(stats);
  CHECK(stats->index == 7);
  CHECK(stats->stats64.size() == 24);
  CHECK_FALSE(parse_link_stats(bytes_of(header)));  // without counters
  parse_each_beginning(message, [](const std::string& text) { return parse_link_stats(text).has_value(); });
}

TEST_CASE("netclass: netlink tells of this machine what the files of /sys tell") {
  Host by_netlink("netclass"), by_files("netclass");
  by_netlink.options.sysfs = "/sys";
  by_files.options.sysfs = "/sys/";  // another spelling: files are read
  REQUIRE(by_netlink.collect());
  REQUIRE(by_files.collect());
  CHECK(by_netlink.lines() == by_files.lines());
  CHECK_THAT(by_netlink.lines(), Catch::Contains("node_network_up{device=\"lo\"} 0\n"));
}

TEST_CASE("netdev: netlink tells of this machine what /proc/net/dev tells, and packets that nobody wanted") {
  Host by_netlink("netdev"), by_file("netdev"), detailed("netdev");
  for (Host* const host : {&by_netlink, &by_file, &detailed}) host->options.procfs = "/proc";
  by_file.options.netdev_netlink = false;
  detailed.options.netdev_detailed = detailed.options.netdev_label_alias = true;
  REQUIRE(by_netlink.collect());
  REQUIRE(by_file.collect());
  std::set<std::string> series = series_of(by_netlink.lines());
  CHECK(series.contains("node_network_receive_nohandler_total{device=\"lo\"}"));
  std::erase_if(series, [](const std::string& text) { return text.contains("nohandler"); });
  CHECK(series == series_of(by_file.lines()));
  detailed.options.netdev_address_info = true;
  REQUIRE(detailed.collect());
  CHECK_THAT(detailed.lines(), Catch::Contains("node_network_address_info{address=\"127.0.0.1\",device=\"lo\","
                                               "netmask=\"8\",scope=\"link-local\"} 1\n"));
  CHECK_THAT(detailed.lines(),
             Catch::Contains("node_network_receive_missed_errors_total{device=\"lo\",ifalias=\"\"} 0\n"));
}

TEST_CASE("netdev: what netclass was told in the same scrape is all that netdev would ask for") {
  Host alone("netdev"), both("netdev");
  alone.options.procfs = both.options.procfs = "/proc";
  both.options.sysfs = "/sys";
  both.options.enabled["netclass"] = true;
  REQUIRE(alone.collect());
  auto collectors = make_collectors(both.options, posix_fs(), both.loop);
  REQUIRE(collectors);
  REQUIRE(collectors->size() == 2);
  for (int scrape = 0; scrape < 2; ++scrape) {
    for (const auto& collector : *collectors) {
      both.page.begin();  // netdev's comes last
      collector->set_asked_at(both.loop.mono());
      REQUIRE(collector->collect(both.page));
      both.page.end();
    }
    CHECK(series_of(both.lines()) == series_of(alone.lines()));
    both.loop.advance(std::chrono::seconds(1));
  }
}

TEST_CASE("arp: this machine's neighbours are counted") {
  Host host("arp");
  CHECK(host.collect());
}
