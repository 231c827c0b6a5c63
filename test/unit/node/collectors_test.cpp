// Each collector over files that this test writes; the expected pages are node_exporter's.

#include <filesystem>
#include <memory>

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("loadavg: the three averages") {
  Host host("loadavg");
  host.dir.write("proc/loadavg", "0.21 0.37 0.39 1/719 19737\n");
  REQUIRE(host.collect());
  CHECK(host.page.render() ==
        "# HELP node_load1 1m load average.\n# TYPE node_load1 gauge\nnode_load1 0.21\n"
        "# HELP node_load15 15m load average.\n# TYPE node_load15 gauge\nnode_load15 0.39\n"
        "# HELP node_load5 5m load average.\n# TYPE node_load5 gauge\nnode_load5 0.37\n");
}

TEST_CASE("loadavg: a file that cannot be read or understood is an error that names it") {
  Host host("loadavg");
  auto missing = host.collect();
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("proc/loadavg"));
  host.dir.write("proc/loadavg", "0.21 what 0.39 1/719 19737\n");
  auto wrong = host.collect();
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message, Catch::Contains("what"));
}

TEST_CASE("meminfo: kB become bytes, parentheses an underscore, plain numbers stay") {
  Host host("meminfo");
  host.dir.write("proc/meminfo", "MemTotal:       16042172 kB\nActive(anon):    1 kB\nHugePages_Total:       3\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_memory_Active_anon_bytes 1024\nnode_memory_HugePages_Total 3\nnode_memory_MemTotal_bytes "
        "1.6427184128e+10\n");
}

TEST_CASE("meminfo: a new round follows the file, also when its lines move") {
  Host host("meminfo");
  host.dir.write("proc/meminfo", "A: 1 kB\nB: 2 kB\n");
  REQUIRE(host.collect());
  host.dir.write("proc/meminfo", "B: 4 kB\nC: 5\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_memory_B_bytes 4096\nnode_memory_C 5\n");
}

TEST_CASE("cpu: seconds by mode, guests apart") {
  Host host("cpu");
  host.dir.write(
      "proc/stat",
      "cpu  44490 19 21045 1087069 220 1 3410 2 3 4\ncpu0 44490 19 21045 1087069 220 1 3410 0 2 1\nintr 8885917\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 0.01\n"
        "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.02\n"
        "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 10870.69\nnode_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} "
        "2.2\n"
        "node_cpu_seconds_total{cpu=\"0\",mode=\"irq\"} 0.01\nnode_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 0.19\n"
        "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"} 34.1\nnode_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0\n"
        "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 210.45\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} "
        "444.9\n");
}

TEST_CASE("cpu: idle time that goes back a little is no reset, a jump is") {
  Host host("cpu");
  host.options.cpu_guest = false;
  const auto idle_after = [&](int ticks) {
    host.dir.write("proc/stat", fmt::format("cpu0 1 1 1 {} 1 1 1 1 0 0\n", ticks));
    REQUIRE(host.collect());
    const std::string text = host.lines();
    const std::string head = "mode=\"idle\"} ";
    const std::size_t at = text.find(head) + head.size();
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(idle_after(1000) == "10");
  CHECK(idle_after(900) == "10");
  CHECK(idle_after(1100) == "11");
  CHECK(idle_after(500) == "5");
}

TEST_CASE("cpu: isolated cores and throttles, each core and package once") {
  Host host("cpu");
  host.options.cpu_guest = false;
  host.dir.write("proc/stat", "cpu0 0\n");
  host.dir.write("sys/devices/system/cpu/isolated", "1,3-4\n");
  for (int cpu = 0; cpu < 2; ++cpu) {
    const std::string folder = fmt::format("sys/devices/system/cpu/cpu{}/", cpu);
    host.dir.write(folder + "topology/physical_package_id", "0\n");
    host.dir.write(folder + "topology/core_id", "7\n");
    host.dir.write(folder + "thermal_throttle/core_throttle_count", fmt::format("{}\n", 5 + cpu));
    host.dir.write(folder + "thermal_throttle/package_throttle_count", "30\n");
  }
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::StartsWith("node_cpu_core_throttles_total{core=\"7\",package=\"0\"} 5\n"
                                             "node_cpu_isolated{cpu=\"1\"} 1\nnode_cpu_isolated{cpu=\"3\"} 1\n"
                                             "node_cpu_isolated{cpu=\"4\"} 1\n"
                                             "node_cpu_package_throttles_total{package=\"0\"} 30\n"));
}

TEST_CASE("netdev: a device's columns, with filters") {
  Host host("netdev");
  const std::string devices =
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
      "compressed\n"
      "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "eth0:0:100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
  host.dir.write("proc/net/dev", devices);
  host.options.netdev_netlink = false;
  SECTION("all") {
    REQUIRE(host.collect());
    CHECK_THAT(host.lines(), Catch::Contains("node_network_receive_bytes_total{device=\"eth0:0\"} 100\n"
                                             "node_network_receive_bytes_total{device=\"lo\"} 1\n"));
    CHECK_THAT(host.lines(), Catch::Contains("node_network_transmit_compressed_total{device=\"lo\"} 16\n"));
  }
  SECTION("without lo") {
    host.options.netdev_device_exclude = "^lo$";
    REQUIRE(host.collect());
    CHECK_THAT(host.lines(), !Catch::Contains("\"lo\""));
  }
  SECTION("include and exclude contradict") {
    host.options.netdev_device_exclude = "a";
    host.options.netdev_device_include = "b";
    auto made = exporters::node::make_collectors(host.options, posix_fs(), host.loop);
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Catch::Contains("mutually exclusive"));
  }
}

TEST_CASE("an include replaces the exclude of file systems and disks that is there by default", "[node]") {
  exporters::node::NodeOptions options;
  VirtualLoop loop;
  options.filesystem_mount_points_include = "^/dev$";
  options.filesystem_fs_types_include = "tmpfs";
  options.diskstats_device_include = "loop0";
  CHECK(exporters::node::make_collectors(options, posix_fs(), loop));
  options.filesystem_mount_points_exclude = "^/x";
  const auto made = exporters::node::make_collectors(options, posix_fs(), loop);
  REQUIRE_FALSE(made);
  CHECK(made.error().message ==
        "--collector.filesystem.mount-points-exclude and --collector.filesystem.mount-points-include are mutually "
        "exclusive");
}

TEST_CASE("filesystem: the mounts that the filters leave, with errors for what cannot be read") {
  Host host("filesystem");
  const std::string real = host.dir.path() + "/with space";
  std::filesystem::create_directories(real);
  std::string escaped = host.dir.path() + "/with\\040space";
  host.dir.write("proc/1/mounts", "/dev/sda1 " + escaped + " ext4 ro,noatime 0 0\n/dev/sdb1 /not/there ext4 rw 0 0\n" +
                                      "proc /proc proc rw 0 0\ncgroup2 /x cgroup2 rw 0 0\n");
  REQUIRE(host.collect());
  const std::string text = host.lines();
  CHECK_THAT(text, Catch::Contains(
                       "node_filesystem_readonly{device=\"/dev/sda1\",device_error=\"\",fstype=\"ext4\",mountpoint=\"" +
                       real + "\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("node_filesystem_size_bytes{device=\"/dev/sda1\""));
  CHECK_THAT(text, Catch::Contains(
                       "node_filesystem_device_error{device=\"/dev/sdb1\",device_error=\"No such file or directory\","
                       "fstype=\"ext4\",mountpoint=\"/not/there\"} 1\n"));
  CHECK_THAT(text, !Catch::Contains("node_filesystem_size_bytes{device=\"/dev/sdb1\""));
  CHECK_THAT(text, !Catch::Contains("proc"));
}

TEST_CASE("time: seconds of the clock, clock sources of sysfs") {
  Host host("time");
  host.dir.write("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet \n");
  host.dir.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_time_seconds 1.7000000005e+09\n"));
  CHECK_THAT(host.lines(), Catch::Contains("node_time_clocksource_available_info{clocksource=\"hpet\",device=\"0\"} 1\n"
                                           "node_time_clocksource_available_info{clocksource=\"tsc\",device=\"0\"} 1\n"
                                           "node_time_clocksource_current_info{clocksource=\"tsc\",device=\"0\"} 1\n"));
}

TEST_CASE("uname: six labels and a 1") {
  Host host("uname");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::StartsWith("node_uname_info{") && Catch::EndsWith("} 1\n") && Catch::Contains("sysname=\"Linux\""));
}

TEST_CASE("textfile: families of several files, histograms and summaries put together, times of the files") {
  Host host("textfile");
  host.options.textfile_directories = {host.dir.path() + "/text*"};
  const std::string first =
      host.dir.write("text1/a.prom",
                     "# HELP job_last_success Time of the last success.\n# TYPE job_last_success gauge\n"
                     "job_last_success{job=\"backup\"} 1.5e9\n"
                     "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n");
  host.dir.write("text2/b.prom",
                 "job_last_success{job=\"report\"} 7\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\n");
  host.dir.write("text2/ignored.txt", "x 1\n");
  REQUIRE(host.collect());
  const std::string text = host.page.render();
  CHECK_THAT(text, Catch::Contains("# HELP job_last_success Time of the last success.\n# TYPE job_last_success gauge\n"
                                   "job_last_success{job=\"backup\"} 1.5e+09\njob_last_success{job=\"report\"} 7\n"));
  CHECK_THAT(
      text, Catch::Contains("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n"));
  CHECK_THAT(text, Catch::Contains("s{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\n"));
  CHECK_THAT(text, Catch::Contains("node_textfile_mtime_seconds{file=\"" + first + "\"}"));
  CHECK_THAT(text, Catch::Contains("node_textfile_scrape_error 0\n"));
}

TEST_CASE(
    "textfile: a label that some lines have is empty on the others of the file's family, as node_exporter has it") {
  Host host("textfile");
  host.options.textfile_directories = {host.dir.path() + "/text"};
  host.dir.write("text/a.prom",
                 "a 1\na{y=\"2\"} 2\na{b=\"3\",z=\"4\"} 3\nb 1\n# TYPE s summary\ns_sum 2\ns_count 3\n"
                 "s{q=\"1\",quantile=\"0.5\"} 1\ns_sum{q=\"1\"} 2\ns_count{q=\"1\"} 3\n");
  host.dir.write("text/b.prom", "a{other=\"1\"} 4\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines,
             Catch::Contains("a{b=\"\",y=\"\",z=\"\"} 1\na{b=\"\",y=\"2\",z=\"\"} 2\na{b=\"3\",y=\"\",z=\"4\"} 3\n"));
  CHECK_THAT(lines, Catch::Contains("a{other=\"1\"} 4\n"));
  CHECK_THAT(lines, Catch::Contains("b 1\n"));
  CHECK_THAT(lines, Catch::Contains("s_sum{q=\"\"} 2\ns_count{q=\"\"} 3\n"));
}

TEST_CASE("textfile: a family with another help than in a file before is left out and flagged") {
  Host host("textfile");
  host.options.textfile_directories = {host.dir.path() + "/text"};
  host.dir.write("text/a.prom", "# HELP a One.\n# TYPE a counter\na{f=\"a\"} 1\n");
  host.dir.write("text/b.prom", "# HELP a Two.\na{f=\"b\"} 2\nonly_b 2\n");
  host.dir.write("text/c.prom", "a{f=\"c\"} 3\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("a{f=\"a\"} 1\na{f=\"c\"} 3\n"));
  CHECK_THAT(host.lines(), !Catch::Contains("f=\"b\"") && Catch::Contains("only_b 2\n"));
  CHECK_THAT(host.lines(), Catch::Contains("node_textfile_scrape_error 1\n"));
}

TEST_CASE("textfile: any change of a file is seen, though files that stay as they are, are read once") {
  Host host("textfile");
  host.options.textfile_directories = {host.dir.path() + "/text"};
  const std::string first = host.dir.write("text/a.prom", "a 1\n");
  host.dir.write("text/b.prom", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 4\nh_count 3\n");
  host.loop.advance(std::chrono::hours(24 * 365 * 20));  // by this clock, the files are old
  const auto sees = [&](std::string_view change, const std::string& line) {
    INFO(change);
    REQUIRE(host.collect());
    const std::string lines = host.lines();
    CHECK_THAT(lines, Catch::Contains(line));
    REQUIRE(host.collect());
    CHECK(host.lines() == lines);
  };
  sees("the first look", "h_bucket{le=\"1\"} 2\n");
  host.dir.write("text/b.prom", "b 22\n");
  sees("written anew", "b 22\n");
  CHECK_THAT(host.lines(), !Catch::Contains("h_bucket"));
  std::filesystem::rename(host.dir.write("b.new", "b 33\n"), host.dir.path() + "/text/b.prom");
  sees("replaced", "b 33\n");
  host.dir.write("text/c.prom", "c 1\n");
  sees("a new one", "c 1\n");
  host.dir.write("text/c.prom", "c{ 1\n");
  sees("one that became bad", "node_textfile_scrape_error 1\n");
  std::filesystem::remove(host.dir.path() + "/text/c.prom");
  sees("one that went", "node_textfile_scrape_error 0\n");
  std::filesystem::last_write_time(first, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const std::string before = host.lines();
  REQUIRE(host.collect());
  CHECK(host.lines() != before);  // node_textfile_mtime_seconds
}

TEST_CASE("textfile: a bad file is left out whole and flagged, the others stay") {
  const char* bad = GENERATE("good 1\nbad{ 2\n", "good 1\nbad 2 1234567890\n", "good 1\nbad{a=\"1\",a=\"2\"} 3\n");
  Host host("textfile");
  host.options.textfile_directories = {host.dir.path() + "/text"};
  host.dir.write("text/bad.prom", bad);
  host.dir.write("text/fine.prom", "fine 1\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("fine 1\n"));
  CHECK_THAT(host.lines(), !Catch::Contains("good"));
  CHECK_THAT(host.lines(), Catch::Contains("node_textfile_scrape_error 1\n"));
}
