// NFS mounts, over files that this test writes.

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

namespace {

constexpr const char* kNumbers =
    "\tage:\t60\n\tevents:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99 20 21 22 23 24 25 26 27\n"
    "\tbytes:\t1 2 3 4 5 6 7 8\n\tRPC iostats version: 1.0  p/v: 100003/4 (nfs)\n";
constexpr const char* kOperations =
    "\tper-op statistics\n\t        READ: 1 2 3 4 5 6000 7000 18446743919241604546 9\n\n";

std::string mount(const std::string& where, const std::string& transports, const std::string& operations) {
  return "device srv:/x mounted on " + where + " with fstype nfs4 statvers=1.1\n\topts:\trw\n" + kNumbers + transports +
         operations;
}

std::string mount_info(const std::string& where) {
  return "177 21 0:42 / " + where + " rw shared:130 - nfs4 srv:/x rw,mountaddr=10.0.0.9,addr=10.0.0.1\n";
}

}  // namespace

TEST_CASE("mountstats: a mount's numbers by server and protocol, once for all mounts of an export") {
  Host host("mountstats");
  const std::string tcp = "\txprt:\ttcp 832 1 2 3 4 5 6 7 8 9 10 11 12\n";
  host.dir.write("proc/self/mountstats",
                 "no device mounted on / with fstype rootfs\ndevice proc mounted on /proc with fstype proc\n" +
                     mount("/a", tcp + tcp, kOperations) + mount("/b", tcp, ""));
  host.dir.write("proc/self/mountinfo", "1 1 0:5 /  /root rw - rootfs rootfs rw\n2 1 0:4 / /proc rw - proc proc rw\n" +
                                            mount_info("/a") + mount_info("/b"));
  REQUIRE(host.collect());
  const std::string lines = host.lines(), at = "{export=\"srv:/x\",mountaddr=\"10.0.0.1\",";
  const auto has = [&](const std::string& name, const std::string& more, const std::string& value) {
    INFO(name);
    CHECK_THAT(lines, Catch::Contains("node_mountstats_nfs_" + name + at + more + "} " + value + "\n"));
  };
  has("mountpoint_info", "mountpoint=\"/a\",protocol=\"tcp\"", "1");
  has("mountpoint_info", "mountpoint=\"/b\",protocol=\"tcp\"", "1");
  has("age_seconds_total", "protocol=\"tcp\"", "60");
  has("write_pages_total", "protocol=\"tcp\"", "8");
  has("event_vfs_file_release_total", "protocol=\"tcp\"", "18");
  has("event_truncation_total", "protocol=\"tcp\"", "20");
  has("event_pnfs_write_total", "protocol=\"tcp\"", "27");
  has("transport_idle_time_seconds", "protocol=\"tcp\",transport=\"1\"", "4");
  has("transport_pending_queue_total", "protocol=\"tcp\",transport=\"0\"", "12");
  has("operations_received_bytes_total", "operation=\"READ\",protocol=\"tcp\"", "5");
  has("operations_queue_time_seconds_total", "operation=\"READ\",protocol=\"tcp\"", "6");
  has("operations_request_time_seconds_total", "operation=\"READ\",protocol=\"tcp\"", "9.007044786793922e+12");
}

TEST_CASE("mountstats: UDP has no connections, old versions and RDMA count less") {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"\txprt:\tudp 832 1 5 6 7 8 9\n", "udp", "0"},
      {"\txprt:\tudp 832 1 5 6 7 8 9 10 11 12\n", "udp", "12"},
      {"\txprt:\ttcp 832 1 2 3 4 5 6 7 8 9\n", "tcp", "0"},
      {"\txprt:\trdma 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21\n", "rdma", "0"},
  };
  for (const auto& [transport, protocol, pending] : cases) {
    INFO(transport);
    Host host("mountstats");
    host.dir.write("proc/self/mountstats", mount("/a", transport, kOperations));
    host.dir.write("proc/self/mountinfo", "");
    REQUIRE(host.collect());
    const std::string at =
        fmt::format("{{export=\"srv:/x\",mountaddr=\"\",protocol=\"{}\",transport=\"0\"}} ", protocol);
    CHECK_THAT(host.lines(),
               Catch::Contains("_transport_sends_total" + at + "5\n") &&
                   Catch::Contains("_transport_backlog_queue_total" + at + "9\n") &&
                   Catch::Contains("_transport_pending_queue_total" + at + pending + "\n") &&
                   Catch::Contains("_transport_connect_total" + at + (protocol == std::string("udp") ? "0" : "2")));
  }
}

TEST_CASE("mountstats: without an NFS mount there is nothing, and wrong lines are errors with their number") {
  Host host("mountstats");
  host.dir.write("proc/self/mountinfo", mount_info("/a"));
  const std::string fine = "device srv:/x mounted on /a with fstype nfs statvers=1.1\n";
  for (const std::string& text :
       {std::string(), std::string("device proc mounted on /proc with fstype proc\n"),
        std::string("device srv:/x mounted on /a with fstype nfs\n\tage:\tx\n"),
        std::string("device srv:/x mounted on /a with fstype fuse statvers=1.1\n\tage: x\n")}) {
    INFO(text);
    host.dir.write("proc/self/mountstats", text);
    CHECK(host.collect());
    CHECK(host.lines().empty());
  }
  for (const std::string& text :
       {std::string("\ndevice srv:/x\n"), std::string("\ndevice srv:/x mounted on\n"), fine + "\tage:\tlong\n",
        fine + "\tbytes:\t1 2\n", fine + "\tevents:\t1\n", fine + "\txprt:\ttcp 1\n", fine + "\txprt:\n",
        fine + "\tper-op statistics\n\tREAD: 1 2 3 4 5 6 7\n", fine.substr(0, 7) + "\xff\n"}) {
    INFO(text);
    host.dir.write("proc/self/mountstats", text + "x");
    const auto wrong = host.collect();
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::kCorrupt);
    CHECK_THAT(wrong.error().message, Catch::Contains("self/mountstats:"));
  }
}
