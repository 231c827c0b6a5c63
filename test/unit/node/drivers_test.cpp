// Collectors of drivers and performance events, and of small parts of /sys and /proc that this test writes.

#include <catch2/catch.hpp>

#include "exporters/node/ethtool_page.hpp"
#include "exporters/node/perf_events.hpp"
#include "unit/node/host.hpp"

using namespace tocsin;
using namespace tocsin::exporters::node;
using test::Host;

namespace {

std::string lines_of(expo::Page& page) {
  std::string out;
  const std::string text = page.render();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (text[at] != '#') out += text.substr(at, end - at + 1);
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("ethtool: names of statistics become names of metrics") {
  const std::pair<const char*, const char*> cases[] = {
      {"rx_queue_0_drops", "node_ethtool_received_queue_0_drops"},
      {"port.rx_dropped", "node_ethtool_port_received_dropped"},
      {"tx", "node_ethtool_transmitted"},
      {"rxtx_total", "node_ethtool_rxtx_total"},
      {"_rx_Bytes", "node_ethtool_received_bytes"},
      {"rx_rx_tx", "node_ethtool_received_rx_transmitted"},
      {"a - b__c", "node_ethtool_a_b__c"},
      {"[3]: tx/rx", "node_ethtool_3_transmitted_received"},
      {"", "node_ethtool_"},
  };
  for (const auto& [statistic, metric] : cases) CHECK(ethtool_metric_name(statistic) == metric);
}

TEST_CASE("ethtool: a device's modes, driver and statistics; two that would have one name are left out") {
  EthtoolDevice device;
  device.link =
      EthtoolDevice::Link{.supported = 0b1010'0010'1000'0000 | 0b10U, .advertised = 0b10, .autonegotiate = true};
  device.driver = EthtoolDevice::Driver{"e1000e", "6.1", "0.5-4", "0000:00:1f.6", ""};
  device.statistics = {{"rx_packets", 5}, {"rx_missed", 6}, {"dup one", 1}, {"dup_one", 2}, {"other", 3}};
  expo::Page page;
  page.begin();
  put_ethtool(page, "eth0", device, *Filter::only("f", "rx|dup"));
  page.end();
  const std::string lines = lines_of(page);
  for (const char* const line :
       {"node_ethtool_info{bus_info=\"0000:00:1f.6\",device=\"eth0\",driver=\"e1000e\",expansion_rom_version=\"\","
        "firmware_version=\"0.5-4\",version=\"6.1\"} 1\n",
        "node_ethtool_received_packets_total{device=\"eth0\"} 5\n", "node_ethtool_received_missed{device=\"eth0\"} 6\n",
        "node_network_supported_speed_bytes{device=\"eth0\",duplex=\"full\",mode=\"10baseT\"} 1.25e+06\n",
        "node_network_supported_port_info{device=\"eth0\",type=\"TP\"} 1\n",
        "node_network_supported_port_info{device=\"eth0\",type=\"MII\"} 1\n",
        "node_network_pause_supported{device=\"eth0\"} 1\n", "node_network_pause_advertised{device=\"eth0\"} 0\n",
        "node_network_autonegotiate{device=\"eth0\"} 1\n"}) {
    CHECK_THAT(lines, Catch::Contains(line));
  }
  CHECK_THAT(lines, !Catch::Contains("dup_one"));
  CHECK_THAT(lines, !Catch::Contains("other"));
}

TEST_CASE("ethtool: this machine's devices are asked, and one that is not there has nothing") {
  Host host("ethtool");
  host.options.sysfs = "/sys";
  CHECK(host.collect());
  const auto none = EthtoolSocket().read("not-there");
  REQUIRE(none);
  CHECK_FALSE(none->driver);
  CHECK(EthtoolSocket().read(std::string(100, 'x')));
}

TEST_CASE("perf: lists of CPUs") {
  CHECK(*parse_cpu_list("0") == std::vector<int>{0});
  CHECK(*parse_cpu_list("0,2-4,8-16:4") == std::vector<int>{0, 2, 3, 4, 8, 12, 16});
  for (const char* const wrong :
       {"", "a", "1-", "-1", "1-x", "1:2", "1-4:0", "1-4:", "1,,2", "5000", "0-99999999999999"}) {
    INFO(wrong);
    const auto error = parse_cpu_list(wrong);
    REQUIRE_FALSE(error);
    CHECK(error.error().code == Errc::kInvalid);
  }
}

TEST_CASE("perf: events of this machine are counted, or the reason is told") {
  Host host("perf");
  host.options.perf_no_hardware = host.options.perf_no_cache = true;
  host.options.perf_software = {"PageFault"};
  host.options.perf_cpus = "0";
  const auto counted = host.collect();
  if (counted) {
    CHECK_THAT(host.lines(), Catch::StartsWith("node_perf_page_faults_total{cpu=\"0\"} "));
  } else {
    CHECK(counted.error().code == Errc::kUnavailable);
    CHECK_THAT(counted.error().message, Catch::Contains("perf event page_faults_total on CPU 0"));
  }
}

TEST_CASE("perf: unknown profilers and tracepoints are errors that name the flag") {
  Host host("perf");
  SECTION("profiler") {
    host.options.perf_cache = {"L9"};
  }
  SECTION("tracepoint") {
    host.options.perf_tracepoints = {"sched"};
  }
  SECTION("a path") {
    host.options.perf_tracepoints = {"..:../x"};
  }
  SECTION("CPUs") {
    host.options.perf_cpus = "first";
  }
  const auto made = exporters::node::make_collectors(host.options, posix_fs(), host.loop);
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Catch::StartsWith("--collector.perf."));
}

TEST_CASE("swap: each device's size, use and priority") {
  Host host("swap");
  REQUIRE_FALSE(host.collect());
  host.dir.write("proc/swaps", "Filename Type Size Used Priority\n/dev/dm-2\tpartition\t131068\t176\t\t-2\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_swap_priority{device=\"/dev/dm-2\",swap_type=\"partition\"} -2\n"
        "node_swap_size_bytes{device=\"/dev/dm-2\",swap_type=\"partition\"} 1.34213632e+08\n"
        "node_swap_used_bytes{device=\"/dev/dm-2\",swap_type=\"partition\"} 180224\n");
  host.dir.write("proc/swaps", "Filename\n/dev/dm-2 partition 1 x 2\n");
  CHECK(host.collect().error().code == Errc::kCorrupt);
}

TEST_CASE("drm: without a card of AMD it succeeds, as node_exporter's does") {
  Host host("drm");
  CHECK(host.collect());
  CHECK(host.lines().empty());
}

TEST_CASE("drm: AMD's cards, with 0 for what a card does not tell") {
  Host host("drm");
  host.dir.write("sys/class/drm/card0/device/uevent", "DRIVER=amdgpu\nPCI_ID=1\n");
  host.dir.write("sys/class/drm/card0/device/gpu_busy_percent", "4\n");
  host.dir.write("sys/class/drm/card0/device/mem_info_vram_vendor", "samsung\n");
  host.dir.write("sys/class/drm/card0-DP-1/device/uevent", "DRIVER=amdgpu\n");
  host.dir.write("sys/class/drm/card1/device/uevent", "DRIVER=i915\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::StartsWith("node_drm_card_info{card=\"card0\",memory_vendor=\"samsung\","
                                             "power_performance_level=\"\",unique_id=\"\",vendor=\"amd\"} 1\n"
                                             "node_drm_gpu_busy_percent{card=\"card0\"} 4\n"
                                             "node_drm_memory_gtt_size_bytes{card=\"card0\"} 0\n"));
  CHECK_THAT(host.lines(), !Catch::Contains("card1") && !Catch::Contains("DP"));
}

TEST_CASE("nvmesubsystem: controllers by state, and how many are live") {
  Host host("nvmesubsystem");
  CHECK(host.collect().error().code == Errc::kUnavailable);
  const std::string folder = "sys/class/nvme-subsystem/nvme-subsys0/";
  for (const char* const file : {"subsysnqn", "model", "serial", "iopolicy"}) host.dir.write(folder + file, "a b \n");
  host.dir.write(folder + "nvme0/state", "live\n");
  host.dir.write(folder + "nvme0/transport", "tcp\n");
  host.dir.write(folder + "nvme1/state", "deleting (no IO)\n");
  host.dir.write(folder + "nvme1/transport", "rdma\n");
  host.dir.write(folder + "nvme0n1/size", "1\n");
  host.dir.write(folder + "nvme0c0n1/size", "1\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines,
             Catch::StartsWith("node_nvmesubsystem_info{iopolicy=\"a b\",model=\"a b\",nqn=\"a b\",serial=\"a b\","
                               "subsystem=\"nvme-subsys0\"} 1\n"
                               "node_nvmesubsystem_namespace_info{device=\"nvme0n1\",subsystem=\"nvme-subsys0\"} 1\n"
                               "node_nvmesubsystem_path_state{controller=\"nvme0\",state=\"connecting\","));
  CHECK_THAT(lines, Catch::Contains("{controller=\"nvme1\",state=\"deleting\",subsystem=\"nvme-subsys0\",transport="
                                    "\"rdma\"} 1\n"));
  CHECK_THAT(lines, Catch::EndsWith("node_nvmesubsystem_paths{subsystem=\"nvme-subsys0\"} 2\n"
                                    "node_nvmesubsystem_paths_live{subsystem=\"nvme-subsys0\"} 1\n"));
  host.dir.write("sys/class/nvme-subsystem/nvme-subsys1/model", "without a name\n");
  CHECK(host.collect().error().code == Errc::kIo);
}
