// Collectors that look at devices in /sys, over files that this test writes.

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("diskstats: columns of old and new kernels, without partitions and loops") {
  Host host("diskstats");
  host.options.udev_data = host.dir.path() + "/udev";
  host.dir.write("proc/diskstats",
                 "   7       0 loop0 1 2 3 4 5 6 7 8 9 10 11\n   8       0 sda 25353 4 5 6 7 8 9 10 11 12 13\n"
                 "   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n"
                 " 259       0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, !Catch::Contains("loop0") && !Catch::Contains("sda1"));
  CHECK_THAT(lines, Catch::Contains("node_disk_read_bytes_total{device=\"sda\"} 2560\n"));
  CHECK_THAT(lines, Catch::Contains("node_disk_io_time_seconds_total{device=\"sda\"} 0.012\n"));
  CHECK_THAT(lines, Catch::Contains("node_disk_discards_completed_total{device=\"nvme0n1\"} 12\n"));
  CHECK_THAT(lines, Catch::Contains("node_disk_flush_requests_time_seconds_total{device=\"nvme0n1\"} 0.017\n"));
  CHECK_THAT(lines, !Catch::Contains("node_disk_discards_completed_total{device=\"sda\"}"));
  CHECK_THAT(lines,
             Catch::Contains("node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",model=\"\",path=\"\",revision=\"\","
                             "rotational=\"0\",serial=\"\",wwn=\"\"} 1\n"));
  host.dir.write("proc/diskstats", "   8       0 sda x\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("diskstats: what udev and the block layer know") {
  Host host("diskstats");
  host.options.udev_data = host.dir.path() + "/udev";
  host.dir.write("proc/diskstats", "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n");
  host.dir.write("sys/block/sda/queue/rotational", "1\n");
  host.dir.write(
      "udev/b8:0",
      "S:disk/by-id/x\nE:ID_MODEL=DISK=1\nE:ID_SERIAL=long\nE:ID_SERIAL_SHORT=short\nE:ID_FS_TYPE=ext4\n"
      "E:ID_FS_UUID=u\nE:DM_NAME=lv\nE:ID_ATA=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_ATA_WRITE_CACHE=what\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::Contains("model=\"DISK=1\"") && Catch::Contains("serial=\"short\"") &&
                        Catch::Contains("rotational=\"1\""));
  CHECK_THAT(lines,
             Catch::Contains(
                 "node_disk_filesystem_info{device=\"sda\",type=\"ext4\",usage=\"\",uuid=\"u\",version=\"\"} 1\n"));
  CHECK_THAT(lines,
             Catch::Contains("node_disk_device_mapper_info{device=\"sda\",lv_layer=\"\",lv_name=\"\",name=\"lv\""));
  CHECK_THAT(lines, Catch::Contains("node_disk_ata_rotation_rate_rpm{device=\"sda\"} 7200\n") &&
                        !Catch::Contains("ata_write_cache"));
}

TEST_CASE("diskstats: an include takes the place of the default exclude, not of one that was given") {
  Host host("diskstats");
  host.options.diskstats_device_include = "^sda1$";
  host.dir.write("proc/diskstats",
                 "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("device=\"sda1\"") && !Catch::Contains("device=\"sda\""));
  host.options.diskstats_device_exclude = "sdb";
  CHECK_FALSE(exporters::node::make_collectors(host.options, posix_fs(), host.loop));
}

TEST_CASE("arp: entries by device, some of them hidden") {
  Host host("arp");
  host.options.arp_device_exclude = "docker";
  host.options.arp_netlink = false;
  host.dir.write("proc/net/arp",
                 "IP address       HW type     Flags       HW address            Mask     Device\n"
                 "192.168.1.1      0x1         0x2         cc:aa:dd:ee:aa:bb     *        eth0\n"
                 "192.168.1.2      0x1         0x2         cc:aa:dd:ee:aa:bb     *        eth0\n"
                 "172.17.0.2       0x1         0x2         cc:aa:dd:ee:aa:bb     *        docker0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_arp_entries{device=\"eth0\"} 2\n");
}

TEST_CASE("edac: controller, rows, channels with their labels") {
  Host host("edac");
  REQUIRE(host.collect());  // most machines have none
  CHECK(host.lines().empty());
  const std::string mc = "sys/devices/system/edac/mc/mc0/";
  for (const char* const file : {"ce_count", "ce_noinfo_count", "ue_count", "ue_noinfo_count"})
    host.dir.write(mc + file, "1\n");
  for (const char* const file : {"ce_count", "ue_count", "ch0_ce_count"}) host.dir.write(mc + "csrow3/" + file, "2\n");
  host.dir.write(mc + "csrow3/ch0_dimm_label", "mc#0csrow#3channel#0\n");
  host.dir.write(mc + "csrow3/ch1_ce_count", "4\n");
  host.dir.write(mc + "csrow3/ch1_ue_count", "5\n");
  host.dir.write(mc + "csrowx/ce_count", "9\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_edac_channel_correctable_errors_total{channel=\"0\",controller=\"0\",csrow=\"3\",dimm_label=\"mc0_csrow3_"
        "channel0\"} 2\n"
        "node_edac_channel_correctable_errors_total{channel=\"1\",controller=\"0\",csrow=\"3\",dimm_label=\"unknown\"} "
        "4\n"
        "node_edac_channel_uncorrectable_errors_total{channel=\"1\",controller=\"0\",csrow=\"3\",dimm_label="
        "\"unknown\"} 5\n"
        "node_edac_correctable_errors_total{controller=\"0\"} 1\n"
        "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"3\"} 2\n"
        "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"unknown\"} 1\n"
        "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"3\"} 2\n"
        "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"unknown\"} 1\n"
        "node_edac_uncorrectable_errors_total{controller=\"0\"} 1\n");
  host.dir.write(mc + "ue_count", "?\n");
  const auto wrong = host.collect();
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message, Catch::Contains("mc0/ue_count"));
}

TEST_CASE("bonding: slaves and which are up, by the link's new and old name") {
  Host host("bonding");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  host.dir.write("sys/class/net/bonding_masters", "bond0 dmz\n");
  host.dir.write("sys/class/net/bond0/bonding/slaves", "\n");
  host.dir.write("sys/class/net/dmz/bonding/slaves", "eth0 eth4\n");
  host.dir.write("sys/class/net/dmz/lower_eth0/bonding_slave/mii_status", "up\n");
  host.dir.write("sys/class/net/dmz/slave_eth4/bonding_slave/mii_status", "down\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_bonding_active{master=\"bond0\"} 0\nnode_bonding_active{master=\"dmz\"} 1\n"
        "node_bonding_slaves{master=\"bond0\"} 0\nnode_bonding_slaves{master=\"dmz\"} 2\n");
}

TEST_CASE(
    "netclass: numbers in decimal and hexadecimal, what does not answer is left out, speeds that are none too if "
    "asked") {
  const auto lines_of = [](bool ignore_invalid_speed) {
    Host host("netclass");
    host.options.netclass_ignored_devices = "^veth";
    host.options.netclass_ignore_invalid_speed = ignore_invalid_speed;
    host.dir.write("sys/class/net/bonding_masters", "bond0\n");
    for (const char* const device : {"eth0", "veth1"})
      host.dir.write(fmt::format("sys/class/net/{}/ifindex", device), "2\n");
    host.dir.write("sys/class/net/eth0/flags", "0x1303\n");
    host.dir.write("sys/class/net/eth0/operstate", "down\n");
    host.dir.write("sys/class/net/eth0/address", "01:02:03:04:05:06\n");
    host.dir.write("sys/class/net/eth0/carrier", "");
    host.dir.write("sys/class/net/eth0/speed", "-1\n");
    REQUIRE(host.collect());
    return host.lines();
  };
  const std::string rest =
      "node_network_flags{device=\"eth0\"} 4867\nnode_network_iface_id{device=\"eth0\"} 2\n"
      "node_network_info{address=\"01:02:03:04:05:06\",adminstate=\"up\",broadcast=\"\",device=\"eth0\",duplex=\"\","
      "ifalias=\"\",operstate=\"down\"} 1\n";
  CHECK(lines_of(true) == rest + "node_network_up{device=\"eth0\"} 0\n");
  CHECK(lines_of(false) ==
        rest + "node_network_speed_bytes{device=\"eth0\"} -125000\nnode_network_up{device=\"eth0\"} 0\n");
}

TEST_CASE("thermal_zone: sensors that answer, cooling devices") {
  Host host("thermal_zone");
  host.dir.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  host.dir.write("sys/class/thermal/thermal_zone0/temp", "-12376\n");
  host.dir.write("sys/class/thermal/thermal_zone1/type", "off\n");
  host.dir.write("sys/class/thermal/cooling_device10/type", "Processor\n");
  host.dir.write("sys/class/thermal/cooling_device10/cur_state", "0\n");
  host.dir.write("sys/class/thermal/cooling_device10/max_state", "3\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_cooling_device_cur_state{name=\"10\",type=\"Processor\"} 0\n"
        "node_cooling_device_max_state{name=\"10\",type=\"Processor\"} 3\n"
        "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} -12.376\n");
}

TEST_CASE("dmi: only what may be read") {
  Host absent("dmi");
  const auto nothing = absent.collect();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::kUnavailable);
  Host host("dmi");
  host.dir.write("sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
  host.dir.write("sys/class/dmi/id/product_name", " PowerEdge R6515 \n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_dmi_info{product_name=\"PowerEdge R6515\",system_vendor=\"Dell Inc.\"} 1\n");
}

TEST_CASE("os: os-release with quotes, comments and an end of support") {
  Host host("os");
  host.options.rootfs = host.dir.path();
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  host.dir.write("usr/lib/os-release",
                 "# a comment\nNAME='Some OS'\nVERSION=\"1 "
                 "\\\"a\\\"\"\nID=some\nVERSION_ID=\"20.04.2\"\nSUPPORT_END=2027-01-02\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::Contains("name=\"Some OS\"") && Catch::Contains("version=\"1 \\\"a\\\"\""));
  CHECK_THAT(lines, Catch::Contains("node_os_version{id=\"some\",id_like=\"\",name=\"Some OS\"} 20.04\n"));
  CHECK_THAT(lines, Catch::Contains("node_os_support_end_timestamp_seconds 1.798848e+09\n"));
  host.dir.write("etc/os-release", "ID=other\nSUPPORT_END=soon\n");  // it comes first
  CHECK_FALSE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("id=\"other\"") && !Catch::Contains("node_os_version"));
}

TEST_CASE("timex: the kernel of this machine answers") {
  Host host("timex");
  const auto result = host.collect();
  if (!result) {  // a sandbox may forbid the call
    CHECK(result.error().code == Errc::kUnavailable);
    return;
  }
  CHECK_THAT(host.lines(), Catch::Contains("node_timex_sync_status ") && Catch::Contains("node_timex_tick_seconds "));
}

TEST_CASE("selinux: off, or what it does and is to do") {
  Host host("selinux");
  host.options.rootfs = host.dir.path();
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_selinux_enabled 0\n");
  host.dir.write("sys/fs/selinux/enforce", "0");
  host.dir.write("etc/selinux/config", "# SELINUX=disabled\nSELINUX=enforcing\nSELINUXTYPE=targeted\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_selinux_config_mode 1\nnode_selinux_current_mode 0\nnode_selinux_enabled 1\n");
}

TEST_CASE("buddyinfo, interrupts, softirqs, ksmd, kernel_hung: tables of numbers") {
  Host buddies("buddyinfo");
  buddies.dir.write("proc/buddyinfo", "Node 0, zone    DMA32    759    572\n");
  REQUIRE(buddies.collect());
  CHECK(buddies.lines() ==
        "node_buddyinfo_blocks{node=\"0\",size=\"0\",zone=\"DMA32\"} "
        "759\nnode_buddyinfo_blocks{node=\"0\",size=\"1\",zone=\"DMA32\"} 572\n");

  Host interrupts("interrupts");
  interrupts.options.interrupts_include_zeros = false;
  interrupts.options.interrupts_name_exclude = "NMI";
  interrupts.dir.write(
      "proc/interrupts",
      "           CPU0       CPU1\n  1:      17960        0  IR-IO-APIC-edge      i8042, x\n"
      "NMI:  47  5031   Non-maskable interrupts\nLOC:  1  2   Local timer interrupts\nERR:          0\n");
  REQUIRE(interrupts.collect());
  CHECK(interrupts.lines() ==
        "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"Local timer interrupts\",type=\"LOC\"} 1\n"
        "node_interrupts_total{cpu=\"0\",devices=\"i8042, x\",info=\"IR-IO-APIC-edge\",type=\"1\"} 17960\n"
        "node_interrupts_total{cpu=\"1\",devices=\"\",info=\"Local timer interrupts\",type=\"LOC\"} 2\n");
  interrupts.dir.write("proc/interrupts", "\n");
  CHECK_FALSE(interrupts.collect());

  Host softirqs("softirqs");
  softirqs.dir.write("proc/softirqs", "       CPU0       CPU1\n  HI:    7   1\n");
  REQUIRE(softirqs.collect());
  CHECK(softirqs.lines() ==
        "node_softirqs_functions_total{cpu=\"0\",type=\"HI\"} 7\nnode_softirqs_functions_total{cpu=\"1\",type=\"HI\"} "
        "1\n");

  Host ksmd("ksmd");
  ksmd.dir.write("sys/kernel/mm/ksm/sleep_millisecs", "20\n");
  ksmd.dir.write("sys/kernel/mm/ksm/run", "1\n");
  REQUIRE(ksmd.collect());
  CHECK(ksmd.lines() == "node_ksmd_run 1\nnode_ksmd_sleep_seconds 0.02\n");

  Host hung("kernel_hung");
  const auto old_kernel = hung.collect();
  REQUIRE_FALSE(old_kernel);
  CHECK(old_kernel.error().code == Errc::kUnavailable);
  hung.dir.write("proc/sys/kernel/hung_task_detect_count", "42\n");
  REQUIRE(hung.collect());
  CHECK(hung.lines() == "node_kernel_hung_tasks_total 42\n");
}
