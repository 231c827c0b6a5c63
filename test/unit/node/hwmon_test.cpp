// Sensors in /sys/class/hwmon, over files that this test writes.

#include <filesystem>
#include <utility>

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("hwmon: what a file's name says of its unit") {
  Host host("hwmon");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  const std::pair<const char*, const char*> files[] = {{"name", "Nct-6779"},
                                                       {"temp1_input", "-55500"},
                                                       {"temp1_label", "CPU 1"},
                                                       {"temp2_type", "4"},
                                                       {"in0_input", "800"},
                                                       {"in0_beep", "0"},
                                                       {"fan10_input", "1098"},
                                                       {"fan10_pulses", "2"},
                                                       {"power1_average", "2500000"},
                                                       {"power1_average_interval", "1500"},
                                                       {"energy1_input", "3000000"},
                                                       {"curr1_crit_alarm", "1"},
                                                       {"freq1_input", "214000000"},
                                                       {"freq1_label", "sclk"},
                                                       {"pwm1", "200"},
                                                       {"beep_enable", "1"},
                                                       {"update_interval", "500"},
                                                       {"tempx_input", "1"},
                                                       {"temp3_input", "what"},
                                                       {"uevent", "1"}};
  for (const auto& [file, text] : files)
    host.dir.write(std::string("sys/class/hwmon/hwmon0/") + file, std::string(text) + "\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_hwmon_beep_enabled{chip=\"nct_6779\",sensor=\"beep_enable0\"} 1\n"
        "node_hwmon_chip_names{chip=\"nct_6779\",chip_name=\"nct_6779\"} 1\n"
        "node_hwmon_curr_crit_alarm_amps{chip=\"nct_6779\",sensor=\"curr1\"} 0.001\n"
        "node_hwmon_energy_joule_total{chip=\"nct_6779\",sensor=\"energy1\"} 3\n"
        "node_hwmon_fan_pulses{chip=\"nct_6779\",sensor=\"fan10\"} 2\n"
        "node_hwmon_fan_rpm{chip=\"nct_6779\",sensor=\"fan10\"} 1098\n"
        "node_hwmon_freq_freq_mhz{chip=\"nct_6779\",sensor=\"sclk\"} 214\n"
        "node_hwmon_in_beep_enabled{chip=\"nct_6779\",sensor=\"in0\"} 0\n"
        "node_hwmon_in_volts{chip=\"nct_6779\",sensor=\"in0\"} 0.8\n"
        "node_hwmon_power_average_interval_seconds{chip=\"nct_6779\",sensor=\"power1\"} 1.5\n"
        "node_hwmon_power_average_watt{chip=\"nct_6779\",sensor=\"power1\"} 2.5\n"
        "node_hwmon_pwm{chip=\"nct_6779\",sensor=\"pwm1\"} 200\n"
        "node_hwmon_sensor_label{chip=\"nct_6779\",label=\"CPU 1\",sensor=\"temp1\"} 1\n"
        "node_hwmon_sensor_label{chip=\"nct_6779\",label=\"sclk\",sensor=\"freq1\"} 1\n"
        "node_hwmon_temp_celsius{chip=\"nct_6779\",sensor=\"temp1\"} -55.5\n"
        "node_hwmon_temp_type{chip=\"nct_6779\",sensor=\"temp2\"} 4\n"
        "node_hwmon_update_interval_seconds{chip=\"nct_6779\",sensor=\"update_interval0\"} 0.5\n");
}

TEST_CASE("hwmon: chips by where they hang, told apart if they hang at the same place; filters") {
  Host host("hwmon");
  host.options.hwmon_chip_exclude = "virtual";
  host.options.hwmon_sensor_exclude = ";temp2$";
  const auto link = [&](const std::string& to, const std::string& from) {
    const std::filesystem::path path = host.dir.path() + "/" + from;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(host.dir.path() + "/" + to, path);
  };
  for (const auto& [number, name] : {std::pair{0, "asus"}, {1, "asus_ec"}, {2, "virtual"}}) {
    const std::string device = number == 2 ? "sys/devices/virtual/x" : "sys/devices/platform/asus-nb-wmi";
    const std::string chip = fmt::format("{}/hwmon/hwmon{}", device, number);
    host.dir.write(chip + "/name", fmt::format("{}\n", name));
    host.dir.write(chip + "/temp1_input", "1000\n");
    host.dir.write(chip + "/temp2_input", "1000\n");
    link(device, chip + "/device");
    link(chip, fmt::format("sys/class/hwmon/hwmon{}", number));
  }
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_hwmon_chip_names{chip=\"platform_asus_nb_wmi_asus\",chip_name=\"asus\"} 1\n"
        "node_hwmon_chip_names{chip=\"platform_asus_nb_wmi_asus_ec\",chip_name=\"asus_ec\"} 1\n"
        "node_hwmon_temp_celsius{chip=\"platform_asus_nb_wmi_asus\",sensor=\"temp1\"} 1\n"
        "node_hwmon_temp_celsius{chip=\"platform_asus_nb_wmi_asus_ec\",sensor=\"temp1\"} 1\n");
}
