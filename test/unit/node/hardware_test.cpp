// Collectors of power, watchdogs and network adapters for storage, over files that this test writes.

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("a host without the kind of thing is no error, for each collector of such a thing") {
  for (const char* const collector : {"mdadm", "powersupplyclass", "rapl", "nvme", "tapestats", "watchdog",
                                      "infiniband", "fibrechannel", "dmmultipath"}) {
    INFO(collector);
    Host host(collector);
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kUnavailable);
  }
}

TEST_CASE("powersupplyclass: units as the kernel's documents have them, labels that have a value") {
  Host host("powersupplyclass");
  host.options.powersupply_ignored_supplies = "^hid";
  const std::string battery = "sys/class/power_supply/BAT0/";
  host.dir.write(battery + "capacity", "81\n");
  host.dir.write(battery + "cycle_count", "3\n");
  host.dir.write(battery + "current_now", "-1500000\n");
  host.dir.write(battery + "temp", "253\n");
  host.dir.write(battery + "status", "Not charging\n");
  host.dir.write(battery + "health", "\n");
  host.dir.write(battery + "model_name",
                 "L\xff"
                 "1\n");
  host.dir.write(battery + "alarm", "what\n");
  host.dir.write("sys/class/power_supply/hid-1/capacity", "what\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_power_supply_capacity{power_supply=\"BAT0\"} 81\n"
        "node_power_supply_current_ampere{power_supply=\"BAT0\"} -1.5\n"
        "node_power_supply_cyclecount{power_supply=\"BAT0\"} 3\n"
        "node_power_supply_info{model_name=\"L\uFFFD1\",power_supply=\"BAT0\",status=\"Not charging\"} 1\n"
        "node_power_supply_temp_celsius{power_supply=\"BAT0\"} 25.3\n");
  for (const char* const text : {"", "full\n", "8.5\n", "--5\n", "99999999999999999999\n"}) {
    host.dir.write(battery + "capacity", text);
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kCorrupt);
    CHECK_THAT(result.error().message, Catch::Contains("BAT0/capacity"));
  }
}

TEST_CASE("rapl: zones told apart by an index, in the metric's name or in a label") {
  Host host("rapl");
  const std::string folder = "sys/class/powercap/";
  host.dir.write(folder + "intel-rapl/enabled", "1\n");
  const auto result = host.collect();
  REQUIRE(result);
  CHECK(host.lines().empty());
  host.dir.write(folder + "intel-rapl:0/name", "package-0\n");
  CHECK(host.collect().error().code == Errc::kUnavailable);  // for root alone
  for (const auto& [zone, name] : {std::pair{"intel-rapl:0", "package-0"},
                                   {"intel-rapl:1", "package-1"},
                                   {"intel-rapl:0:0", "core"},
                                   {"intel-rapl:1:0", "core"},
                                   {"intel-rapl:2", "package-1-die-0"}}) {
    host.dir.write(fmt::format("{}{}/name", folder, zone), fmt::format("{}\n", name));
    host.dir.write(fmt::format("{}{}/energy_uj", folder, zone), "1500000\n");
  }
  REQUIRE(host.collect());
  const std::string path = host.options.sysfs + "/class/powercap/intel-rapl";
  CHECK(host.lines() == fmt::format("node_rapl_core_joules_total{{index=\"0\",path=\"{0}:0:0\"}} 1.5\n"
                                    "node_rapl_core_joules_total{{index=\"1\",path=\"{0}:1:0\"}} 1.5\n"
                                    "node_rapl_package_1_die_0_joules_total{{index=\"0\",path=\"{0}:2\"}} 1.5\n"
                                    "node_rapl_package_joules_total{{index=\"0\",path=\"{0}:0\"}} 1.5\n"
                                    "node_rapl_package_joules_total{{index=\"1\",path=\"{0}:1\"}} 1.5\n",
                                    path));
  Host labelled("rapl");
  labelled.options.sysfs = host.options.sysfs;
  labelled.options.rapl_enable_zone_label = true;
  REQUIRE(labelled.collect());
  CHECK_THAT(labelled.lines(),
             Catch::Contains(
                 fmt::format("node_rapl_joules_total{{index=\"1\",path=\"{}:1:0\",rapl_zone=\"core\"}} 1.5\n", path)));
  host.dir.write(folder + "intel-rapl:0/energy_uj", "\xff\n");
  CHECK(host.collect().error().code == Errc::kCorrupt);
}

TEST_CASE("watchdog: what each driver has") {
  Host host("watchdog");
  const std::string folder = "sys/class/watchdog/watchdog0/";
  host.dir.write(folder + "identity", "Software \"dog\"\n");
  host.dir.write(folder + "timeout", "60\n");
  host.dir.write(folder + "status", "0x8000\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_watchdog_info{identity=\"Software \\\"dog\\\"\",name=\"watchdog0\",options=\"\","
        "pretimeout_governor=\"\",state=\"\",status=\"0x8000\"} 1\n"
        "node_watchdog_timeout_seconds{name=\"watchdog0\"} 60\n");
  host.dir.write(folder + "timeout", "soon\n");
  const auto result = host.collect();
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Catch::Contains("watchdog0/timeout"));
}

TEST_CASE("infiniband: state, rate and counters of ports, as far as the adapter counts") {
  Host host("infiniband");
  host.options.infiniband_device_exclude = "^rxe";
  const std::string port = "sys/class/infiniband/mlx5_0/ports/1/";
  host.dir.write("sys/class/infiniband/mlx5_0/fw_ver", "16.1\n");
  host.dir.write("sys/class/infiniband/rxe0/fw_ver", "1\n");
  host.dir.write(port + "state", "4: ACTIVE\n");
  host.dir.write(port + "phys_state", "5: LinkUp\n");
  host.dir.write(port + "rate", "2.5 Gb/sec (1X SDR)\n");
  host.dir.write(port + "counters/port_rcv_data", "25\n");
  host.dir.write(port + "counters/symbol_error", "N/A (no PMA)\n");
  host.dir.write(port + "counters_ext/port_rcv_data_64", "50\n");
  host.dir.write(port + "hw_counters/out_of_buffer", "7\n");
  host.dir.write(port + "hw_counters/lifespan", "1500\n");
  host.dir.write(port + "hw_counters/of_tomorrow", "what\n");
  REQUIRE(host.collect());
  const std::string labels = "{device=\"mlx5_0\",port=\"1\"}";
  CHECK(host.lines() ==
        "node_infiniband_info{board_id=\"\",device=\"mlx5_0\",firmware_version=\"16.1\",hca_type=\"\"} 1\n"
        "node_infiniband_legacy_data_received_bytes_total" +
            labels +
            " 200\n"
            "node_infiniband_lifespan_seconds" +
            labels +
            " 1\n"
            "node_infiniband_out_of_buffer_drops_total" +
            labels +
            " 7\n"
            "node_infiniband_physical_state_id" +
            labels +
            " 5\n"
            "node_infiniband_port_data_received_bytes_total" +
            labels +
            " 100\n"
            "node_infiniband_rate_bytes_per_second" +
            labels +
            " 3.125e+08\n"
            "node_infiniband_state_id" +
            labels + " 4\n");
  for (const auto& [file, text] : {std::pair{"state", "ACTIVE\n"},
                                   {"state", "x: ACTIVE\n"},
                                   {"rate", "fast\n"},
                                   {"rate", "inf Gb/sec\n"},
                                   {"counters/port_rcv_data", "-\n"}}) {
    INFO(file);
    host.dir.write(port + file, text);
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message, Catch::Contains(file));
    host.dir.write(port + file, "4 : 4\n");
  }
}

TEST_CASE("fibrechannel: counters that the adapter has; none of a host that is off") {
  Host host("fibrechannel");
  const std::string folder = "sys/class/fc_host/host0/";
  host.dir.write(folder + "port_state", "Online\n");
  host.dir.write(folder + "port_id", "0x000002\n");
  host.dir.write(folder + "fabric_name", "0x\n");
  host.dir.write(folder + "statistics/rx_frames", "0x1f\n");
  host.dir.write(folder + "statistics/tx_frames", "0xffffffffffffffff\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::Contains("port_id=\"000002\"") && Catch::Contains("fabric_name=\"0x\"") &&
                        Catch::Contains("node_fibrechannel_rx_frames_total{fc_host=\"host0\"} 31\n"));
  CHECK_THAT(lines, !Catch::Contains("tx_frames") && !Catch::Contains("nos_total"));
  host.dir.write(folder + "statistics/rx_frames", "0x\n");
  CHECK_FALSE(host.collect());
  host.dir.write(folder + "port_state", "Unknown\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_fibrechannel_rx_frames_total{fc_host=\"host0\"} 0\n") &&
                               Catch::Contains("node_fibrechannel_nos_total{fc_host=\"host0\"} 0\n"));
}
