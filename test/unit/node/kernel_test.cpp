// Collectors of what the kernel counts about itself, over files that this test writes.

#include <filesystem>

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

namespace {

/// The collector, with this file, fails and names the file.
void check_wrong(Host& host, const std::string& path, const std::string& content) {
  host.dir.write(path, content);
  const auto wrong = host.collect();
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::kCorrupt);
  CHECK_THAT(wrong.error().message, Catch::Contains(path));
}

void check_nothing(Host& host) {
  const auto nothing = host.collect();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::kUnavailable);
}

}  // namespace

TEST_CASE("what a host does not have is no error of these collectors") {
  for (const char* const name : {"cgroups", "cpu_vulnerabilities", "ipvs", "lnstat", "meminfo_numa", "nfs", "nfsd",
                                 "slabinfo", "xfrm", "zoneinfo"}) {
    INFO(name);
    Host host(name);
    check_nothing(host);
  }
}

TEST_CASE("bytes that are no text, and empty files, are errors or nothing, but never the end") {
  using namespace std::string_literals;
  const std::string noise = "\xff\0\x01:[]()\n -> \n\n)) \x80 9 9"s;
  const std::pair<const char*, const char*> files[] = {
      {"cgroups", "proc/cgroups"},   {"ipvs", "proc/net/ip_vs_stats"},
      {"lnstat", "proc/net/stat/x"}, {"meminfo_numa", "sys/devices/system/node/node0/meminfo"},
      {"nfs", "proc/net/rpc/nfs"},   {"nfsd", "proc/net/rpc/nfsd"},
      {"slabinfo", "proc/slabinfo"}, {"xfrm", "proc/net/xfrm_stat"}};
  for (const auto& [name, path] : files) {
    INFO(name);
    Host host(name);
    check_wrong(host, path, noise);
    host.dir.write(path, "");
    (void)host.collect();
  }
}

TEST_CASE("meminfo_numa: fields in kB and without unit, and how pages were found, by node") {
  Host host("meminfo_numa");
  const std::string node = "sys/devices/system/node/node";
  host.dir.write(node + "10/meminfo",
                 "Node 10 MemTotal:  2 kB\nNode 10 Active(anon):  3 kB\n\nNode 10 HugePages_Total: 4\n");
  host.dir.write(node + "10/numastat", "numa_hit 5\n");
  host.dir.write("sys/devices/system/node/possible", "0-10\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_memory_numa_Active_anon{node=\"10\"} 3072\nnode_memory_numa_HugePages_Total{node=\"10\"} 4\n"
        "node_memory_numa_MemTotal{node=\"10\"} 2048\nnode_memory_numa_numa_hit_total{node=\"10\"} 5\n");
  CHECK_THAT(host.page.render(), Catch::Contains("# TYPE node_memory_numa_numa_hit_total counter\n"));
  check_wrong(host, node + "10/numastat", "numa_hit\n");
  check_wrong(host, node + "10/meminfo", "Node 10 MemTotal: 2 MB\n");
}

TEST_CASE("zoneinfo: what is of the whole node is of its first zone; unknown keys are left out") {
  Host host("zoneinfo");
  host.dir.write("proc/zoneinfo",
                 "Node 0, zone      DMA\n  per-node stats\n      nr_dirtied   7\n      workingset_nodes 1\n"
                 "  pages free     9\n        min      8\n        protection: (0, 2039)\n      nr_free_pages 2949\n"
                 "  pagesets\n    cpu: 0\n              high:  5\nNode 1, zone    DMA32\n        min      18\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_zoneinfo_min_pages{node=\"0\",zone=\"DMA\"} 8\nnode_zoneinfo_min_pages{node=\"1\",zone=\"DMA32\"} 18\n"
        "node_zoneinfo_nr_dirtied_total{node=\"0\",zone=\"DMA\"} 7\n"
        "node_zoneinfo_nr_free_pages{node=\"0\",zone=\"DMA\"} 2949\n"
        "node_zoneinfo_protection_0{node=\"0\",zone=\"DMA\"} 0\n"
        "node_zoneinfo_protection_1{node=\"0\",zone=\"DMA\"} 2039\n");
  check_wrong(host, "proc/zoneinfo", "min 8\n");
  check_wrong(host, "proc/zoneinfo", "Node 0, zone\n");
  check_wrong(host, "proc/zoneinfo", "Node 0, zone DMA\nmin x\n");
  check_wrong(host, "proc/zoneinfo", "Node 0, zone DMA\nprotection: ((,))\n");
}

TEST_CASE("slabinfo: the columns of each cache that both filters let through") {
  Host host("slabinfo");
  host.options.slabinfo_slabs_include = "^kmalloc";
  host.options.slabinfo_slabs_exclude = "-16$";
  host.dir.write("proc/slabinfo",
                 "slabinfo - version: 2.1\n# name            <active_objs> <num_objs>\n"
                 "kmalloc-8    1    2    3   4    5 : tunables    0    0    0 : slabdata     27     27      0\n"
                 "kmalloc-16   1    2    3   4    5 : tunables    0    0    0 : slabdata     27     27      0\n"
                 "dentry       1    2    3   4    5 : tunables    0    0    0 : slabdata     27     27      0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_slabinfo_active_objects{slab=\"kmalloc-8\"} 1\nnode_slabinfo_object_size_bytes{slab=\"kmalloc-8\"} 3\n"
        "node_slabinfo_objects{slab=\"kmalloc-8\"} 2\nnode_slabinfo_objects_per_slab{slab=\"kmalloc-8\"} 4\n"
        "node_slabinfo_pages_per_slab{slab=\"kmalloc-8\"} 5\n");
  check_wrong(host, "proc/slabinfo", "kmalloc-8 1 2 3 4\n");
}

TEST_CASE("cgroups: groups of each controller, and whether it is on") {
  Host host("cgroups");
  host.dir.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t5\t47\t1\nmemory\t7\t0\t0");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_cgroups_cgroups{subsys_name=\"cpuset\"} 47\nnode_cgroups_cgroups{subsys_name=\"memory\"} 0\n"
        "node_cgroups_enabled{subsys_name=\"cpuset\"} 1\nnode_cgroups_enabled{subsys_name=\"memory\"} 0\n");
  check_wrong(host, "proc/cgroups", "cpuset 5 47\n");
}

TEST_CASE("cpu_vulnerabilities: the state, and what is done about it; an unknown text is shown whole") {
  Host host("cpu_vulnerabilities");
  const std::string folder = "sys/devices/system/cpu/vulnerabilities/";
  host.dir.write(folder + "a", "Not affected\n");
  host.dir.write(folder + "b", "Vulnerable\n");
  host.dir.write(folder + "c", "Mitigation: Retpolines,  IBPB: conditional\n");
  host.dir.write(folder + "d", "Unknown: No mitigations\n");
  host.dir.write(folder + "e", "KVM: Split huge pages\n");
  host.dir.write(folder + "f", "");
  REQUIRE(host.collect());
  const auto line = [](const char* name, const char* mitigation, const char* state) {
    return fmt::format("node_cpu_vulnerabilities_info{{codename=\"{}\",mitigation=\"{}\",state=\"{}\"}} 1\n", name,
                       mitigation, state);
  };
  CHECK(host.lines() == line("a", "", "not affected") + line("b", "", "vulnerable") +
                            line("c", "Retpolines, IBPB: conditional", "mitigation") +
                            line("d", "No mitigations", "unknown") + line("e", "KVM: Split huge pages", "unknown") +
                            line("f", "", "unknown"));
}

TEST_CASE("lnstat: hexadecimal columns with their names, a line per CPU") {
  Host host("lnstat");
  host.dir.write("proc/net/stat/arp_cache", "entries  allocs\n00000014  0000000a\n00000014  ffffffff\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_lnstat_allocs_total{cpu=\"0\",subsystem=\"arp_cache\"} 10\n"
        "node_lnstat_allocs_total{cpu=\"1\",subsystem=\"arp_cache\"} 4.294967295e+09\n"
        "node_lnstat_entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 20\n"
        "node_lnstat_entries_total{cpu=\"1\",subsystem=\"arp_cache\"} 20\n");
  check_wrong(host, "proc/net/stat/arp_cache", "entries\n1 2\n");
  check_wrong(host, "proc/net/stat/arp_cache", "entries\n0x1\n");
}

TEST_CASE("xfrm: all counters, 0 for those that the kernel lacks") {
  Host host("xfrm");
  host.dir.write("proc/net/xfrm_stat", "XfrmInError \t 3\nXfrmInNew 1\nXfrmFwdHdrError 4");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_xfrm_in_error_packets_total 3\n") &&
                               Catch::Contains("node_xfrm_fwd_hdr_error_packets_total 4\n") &&
                               Catch::Contains("node_xfrm_acquire_error_packets_total 0\n") && !Catch::Contains("new"));
  check_wrong(host, "proc/net/xfrm_stat", "XfrmInError\n");
}

TEST_CASE("ipvs: totals, and the real servers of each service") {
  Host host("ipvs");
  const std::string headings =
      "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";
  host.dir.write("proc/net/ip_vs_stats",
                 "   Total Incoming Outgoing\n   Conns  Packets  Packets\n 16AA370 A 0 1 2\n\n");
  host.dir.write("proc/net/ip_vs",
                 headings +
                     "TCP  C0A80016:0CEA wlc  \n  -> C0A85216:0CEA      Tunnel  100    248        2\n"
                     "UDP  [2620:0000:0000:0000:0000:0000:0000:0001]:0050 rr\n"
                     "  -> [2620:0000:0000:0000:0000:0000:0000:0002]:0050      Route   1      2         3\n"
                     "FWM  10001000 wlc\n  -> C0A8321A:0CEA      Tunnel  20     64         1\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_ipvs_connections_total 2.3765872e+07\n") &&
                               Catch::Contains("node_ipvs_incoming_packets_total 10\n") &&
                               Catch::Contains("node_ipvs_outgoing_bytes_total 2\n"));
  CHECK_THAT(host.lines(),
             Catch::Contains("node_ipvs_backend_connections_active{local_address=\"192.168.0.22\",local_mark=\"\","
                             "local_port=\"3306\",proto=\"TCP\",remote_address=\"192.168.82.22\",remote_port=\"3306\"} "
                             "248\n") &&
                 Catch::Contains("node_ipvs_backend_weight{local_address=\"2620::1\",local_mark=\"\",local_port=\"80\","
                                 "proto=\"UDP\",remote_address=\"2620::2\",remote_port=\"80\"} 1\n") &&
                 Catch::Contains("node_ipvs_backend_connections_inactive{local_address=\"\",local_mark=\"10001000\","
                                 "local_port=\"0\",proto=\"FWM\",remote_address=\"192.168.50.26\",remote_port=\"3306\"}"
                                 " 1\n"));
  for (const char* const table : {"TCP\n", "TCP C0A80016\n", "TCP C0A80016:10000 wlc\n", "TCP [::x]:0050 rr\n",
                                  "TCP C0A8001:0CEA wlc\n", "-> C0A85216:0CEA Tunnel 100 248\n"}) {
    INFO(table);
    check_wrong(host, "proc/net/ip_vs", headings + table);
  }
  check_wrong(host, "proc/net/ip_vs_stats", "a\nb\n1 2 3 4\n");
}

TEST_CASE("ipvs: servers that the chosen labels do not tell apart are summed up") {
  Host host("ipvs");
  host.options.ipvs_backend_labels = "local_port,proto";
  host.dir.write("proc/net/ip_vs_stats", "a\nb\n1 2 3 4 5\n");
  host.dir.write("proc/net/ip_vs",
                 "TCP  C0A80016:0050 wlc  \n  -> C0A85216:0050 Tunnel 100 248 2\n  -> C0A85217:0050 Tunnel 1 2 3\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::Contains("node_ipvs_backend_connections_active{local_port=\"80\",proto=\"TCP\"} 250\n") &&
                 Catch::Contains("node_ipvs_backend_weight{local_port=\"80\",proto=\"TCP\"} 101\n"));
  host.options.ipvs_backend_labels = "proto,colour";
  const auto wrong = exporters::node::make_collectors(host.options, posix_fs(), host.loop);
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message, Catch::Contains("--collector.ipvs.backend-labels") && Catch::Contains("colour"));
}

TEST_CASE("nfs: what an older kernel does not count is 0") {
  Host host("nfs");
  host.dir.write("proc/net/rpc/nfs", "net 70 71 72 45\nrpc 10 11 12\nproc3 2 5 6\nproc4 3 7 8 9\nfuture 1\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_nfs_packets_total{protocol=\"udp\"} 71\n") &&
                               Catch::Contains("node_nfs_packets_total{protocol=\"tcp\"} 72\n") &&
                               Catch::Contains("node_nfs_connections_total 45\n") &&
                               Catch::Contains("node_nfs_rpc_retransmissions_total 11\n") &&
                               Catch::Contains("node_nfs_requests_total{method=\"Null\",proto=\"2\"} 0\n") &&
                               Catch::Contains("node_nfs_requests_total{method=\"GetAttr\",proto=\"3\"} 6\n") &&
                               Catch::Contains("node_nfs_requests_total{method=\"Write\",proto=\"4\"} 9\n") &&
                               Catch::Contains("node_nfs_requests_total{method=\"Clone\",proto=\"4\"} 0\n"));
  for (const char* const text : {"net\n", "net 1 x\n", "proc3 2 1\n", "proc4 18446744073709551616 1\n"}) {
    INFO(text);
    check_wrong(host, "proc/net/rpc/nfs", text);
  }
}

TEST_CASE("nfsd: threads have a histogram behind them, Null is not shown") {
  Host host("nfsd");
  host.dir.write("proc/net/rpc/nfsd",
                 "rc 1 2 3\nth 8 0 0.000 0.010\nrpc 5 3 1 2 0\nproc3 2 5 6\nproc4ops 4 0 0 0 9\nwdeleg_getattr 15\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_nfsd_reply_cache_nocache_total 3\n") &&
                               Catch::Contains("node_nfsd_server_threads 8\n") &&
                               Catch::Contains("node_nfsd_read_ahead_cache_size_blocks 0\n") &&
                               Catch::Contains("node_nfsd_rpc_errors_total{error=\"auth\"} 2\n") &&
                               Catch::Contains("node_nfsd_requests_total{method=\"GetAttr\",proto=\"3\"} 6\n") &&
                               Catch::Contains("node_nfsd_requests_total{method=\"Access\",proto=\"4\"} 9\n") &&
                               Catch::Contains("node_nfsd_requests_total{method=\"WdelegGetattr\",proto=\"4\"} 15\n") &&
                               !Catch::Contains("\"Null\""));
  check_wrong(host, "proc/net/rpc/nfsd", "rc 1 2 0.5\n");
}

TEST_CASE("processes: states of processes and of their threads, whatever a name holds") {
  Host host("processes");
  const std::string rest = " 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 ";
  host.dir.write("proc/sys/kernel/threads-max", "7801\n");
  host.dir.write("proc/sys/kernel/pid_max", "123\n");
  host.dir.write("proc/7/stat", "7 (a) R (b)) S" + rest + "2 0 33\n");
  host.dir.write("proc/7/task/7/stat", "7 (a) X" + rest + "2 0 33\n");
  host.dir.write("proc/7/task/9/stat", "9 (a) R" + rest + "2 0 33\n");
  host.dir.write("proc/8/status", "it ends now\n");
  host.dir.write("proc/10/stat", "10 (b\nc) I" + rest + "1 0 33\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_processes_max_processes 123\nnode_processes_max_threads 7801\nnode_processes_pids 2\n"
        "node_processes_state{state=\"I\"} 1\nnode_processes_state{state=\"S\"} 1\nnode_processes_threads 3\n"
        "node_processes_threads_state{thread_state=\"R\"} 1\nnode_processes_threads_state{thread_state=\"S\"} 1\n");
  check_wrong(host, "proc/8/stat", "8 (a\n");
  check_wrong(host, "proc/8/stat", "");
}

TEST_CASE("zfs: statistics of the module, signed and unsigned; other types are left out") {
  Host host("zfs");
  check_nothing(host);
  const std::string zfs = "proc/spl/kstat/zfs/";
  host.dir.write(zfs + "arcstats",
                 "6 1 0x01 91 4368 5266997922 97951858082072\nname                            type data\n"
                 "c_max                           4    18446744073709551615\nmemory-need                     3    -5\n"
                 "name_of                         7    text\n\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_zfs_arc_c_max 1.8446744073709552e+19\nnode_zfs_arc_memory_need -5\n");
  CHECK_THAT(host.page.render(), Catch::Contains("# HELP node_zfs_arc_memory_need kstat.zfs.misc.arcstats.memory-need\n"
                                                 "# TYPE node_zfs_arc_memory_need untyped\n"));
  check_wrong(host, zfs + "arcstats", "6 1\nname type data\nc_max 4 -1\n");
  check_wrong(host, zfs + "arcstats", "c_max 4 1\n");
}

TEST_CASE("zfs: what is read and written by pool and by data set, and the state of a pool") {
  Host host("zfs");
  const std::string pool = "proc/spl/kstat/zfs/tank/";
  host.dir.write(pool + "io", "12 3 0x00 1 80 79205351707403 395818011156865\nnread    nwritten\n1884160  3206144\n");
  host.dir.write(pool + "objset-0x36",
                 "30 1 0x01 7\nname type data\ndataset_name                    7    tank/data  set\nwrites  4    7\n");
  host.dir.write(pool + "state", "DEGRADED\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::Contains("node_zfs_zpool_nread{zpool=\"tank\"} 1.88416e+06\n") &&
                 Catch::Contains("node_zfs_zpool_nwritten{zpool=\"tank\"} 3.206144e+06\n") &&
                 Catch::Contains("node_zfs_zpool_dataset_writes{dataset=\"tank/data  set\",zpool=\"tank\"} 7\n") &&
                 Catch::Contains("node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 1\n") &&
                 Catch::Contains("node_zfs_zpool_state{state=\"online\",zpool=\"tank\"} 0\n"));
  check_wrong(host, pool + "objset-0x36", "\xff\n");
  check_wrong(host, pool + "io", "nread nwritten\n1\n");
}

TEST_CASE("sysctl: one number, several by place or by name, and texts") {
  Host host("sysctl");
  host.options.sysctl_include = {"kernel.threads-max", "fs.file-nr", "fs.file-nr:total,current,max", "net.a_.-._b"};
  host.options.sysctl_include_info = {"kernel.seccomp.actions_avail"};
  host.dir.write("proc/sys/kernel/threads-max", "-7801\n");
  host.dir.write("proc/sys/fs/file-nr", "1024\t0\t1631329\n");
  host.dir.write("proc/sys/net/a_/-/_b", "1\n");
  host.dir.write("proc/sys/kernel/seccomp/actions_avail", "kill_process trap\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_sysctl_fs_file_nr{index=\"0\"} 1024\nnode_sysctl_fs_file_nr{index=\"1\"} 0\n"
        "node_sysctl_fs_file_nr{index=\"2\"} 1.631329e+06\nnode_sysctl_fs_file_nr_current 0\n"
        "node_sysctl_fs_file_nr_max 1.631329e+06\nnode_sysctl_fs_file_nr_total 1024\n"
        "node_sysctl_info{index=\"0\",name=\"kernel.seccomp.actions_avail\",value=\"kill_process\"} 1\n"
        "node_sysctl_info{index=\"1\",name=\"kernel.seccomp.actions_avail\",value=\"trap\"} 1\n"
        "node_sysctl_kernel_threads_max -7801\nnode_sysctl_net_a_b 1\n");
}

TEST_CASE("sysctl: a setting that is absent, empty, no number or has other values than names is an error") {
  Host host("sysctl");
  host.options.sysctl_include = {"kernel.first", "kernel.second:a,b", "kernel.third"};
  host.dir.write("proc/sys/kernel/second", "1 2\n");
  host.dir.write("proc/sys/kernel/third", "3\n");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK_THAT(absent.error().message, Catch::Contains("sys/kernel/first"));
  CHECK(host.lines() == "node_sysctl_kernel_second_a 1\nnode_sysctl_kernel_second_b 2\nnode_sysctl_kernel_third 3\n");
  check_wrong(host, "proc/sys/kernel/first", "\n");
  check_wrong(host, "proc/sys/kernel/first", "1 two\n");
  host.dir.write("proc/sys/kernel/first", "1\n");
  host.dir.write("proc/sys/kernel/second", "1\n");
  const auto names = host.collect();
  REQUIRE_FALSE(names);
  CHECK(names.error().code == Errc::kInvalid);
  host.options.sysctl_include_info = {"kernel.third:a"};
  CHECK_FALSE(exporters::node::make_collectors(host.options, posix_fs(), host.loop));
}

namespace {

/// A bridge with one device behind it; @return the device's folder.
std::string write_pci_devices(Host& host) {
  const std::string bridge = "sys/devices/pci0000:00/0000:00:02.1", device = bridge + "/0000:01:00.0";
  for (const std::string& folder : {bridge, device}) {
    for (const auto& [file, text] : {std::pair{"class", "0x010802\n"},
                                     {"vendor", "0x1022\n"},
                                     {"device", "0x1634\n"},
                                     {"subsystem_vendor", "0x17aa\n"},
                                     {"subsystem_device", "0x5095\n"},
                                     {"revision", "0x00\n"}}) {
      host.dir.write(folder + "/" + file, text);
    }
  }
  host.dir.write("sys/bus/pci/devices/keep", "");
  const std::filesystem::path links = host.dir.path() + "/sys/bus/pci/devices";
  std::filesystem::remove(links / "keep");
  std::filesystem::create_directory_symlink("../../../devices/pci0000:00/0000:00:02.1", links / "0000:00:02.1");
  std::filesystem::create_directory_symlink("../../../devices/pci0000:00/0000:00:02.1/0000:01:00.0",
                                            links / "0000:01:00.0");
  return device;
}

}  // namespace

TEST_CASE("pcidevice: what a device is, behind which bridge, and how its link runs") {
  Host host("pcidevice");
  check_nothing(host);
  const std::string device = write_pci_devices(host);
  host.dir.write(device + "/max_link_speed", "16.0 GT/s PCIe\n");
  host.dir.write(device + "/current_link_speed", "8 GT/s\n");
  host.dir.write(device + "/current_link_width", "4\n");
  host.dir.write(device + "/max_link_width", "Unknown\n");
  host.dir.write(device + "/numa_node", "1\n");
  host.dir.write(device + "/power_state", "D3hot\n");
  REQUIRE(host.collect());
  const std::string at = "{bus=\"01\",device=\"00\",function=\"0\",segment=\"0000\"";
  CHECK_THAT(host.lines(), Catch::Contains("node_pcidevice_max_link_transfers_per_second" + at + "} 1.6e+10\n") &&
                               Catch::Contains("node_pcidevice_current_link_transfers_per_second" + at + "} 8e+09\n") &&
                               Catch::Contains("node_pcidevice_max_link_width" + at + "} -1\n") &&
                               Catch::Contains("node_pcidevice_current_link_width" + at + "} 4\n") &&
                               Catch::Contains("node_pcidevice_sriov_numvfs" + at + "} 0\n") &&
                               Catch::Contains("node_pcidevice_numa_node" + at + "} 1\n") &&
                               Catch::Contains("node_pcidevice_power_state" + at + ",state=\"D3hot\"} 1\n") &&
                               !Catch::Contains("numa_node{bus=\"00\"") && !Catch::Contains("power_state{bus=\"00\""));
  CHECK_THAT(
      host.lines(),
      Catch::Contains("node_pcidevice_info{bus=\"01\",class_id=\"0x010802\",device=\"00\",device_id=\"0x1634\","
                      "function=\"0\",parent_bus=\"00\",parent_device=\"02\",parent_function=\"1\",parent_segment="
                      "\"0000\",revision=\"0x00\",segment=\"0000\",subsystem_device_id=\"0x5095\",subsystem_vendor_id="
                      "\"0x17aa\",vendor_id=\"0x1022\"} 1\n") &&
          Catch::Contains("parent_bus=\"*\",parent_device=\"*\",parent_function=\"*\",parent_segment=\"*\""));
  check_wrong(host, "sys/bus/pci/devices/0000:01:00.0/class", "?\n");
}

TEST_CASE("pcidevice: names from pci.ids, and numbers for what it does not know") {
  Host host("pcidevice");
  host.options.pcidevice_names = true;
  host.options.pcidevice_ids_file = host.dir.path() + "/pci.ids";
  write_pci_devices(host);
  host.dir.write(
      "pci.ids",
      "# comment  of two words\n\n17aa  Lenovo\n1022  AMD\n\t1634  Renoir Bridge\n\t\t17aa 5095  ThinkPad\n"
      "\t\t\tdeeper  nonsense\nnonsense\nC 01  Mass storage\n\t08  Non-Volatile memory\n\t\t02  NVM Express\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::Contains("class_name=\"NVM Express\"") && Catch::Contains("device_name=\"Renoir Bridge\"") &&
                 Catch::Contains("subsystem_device_name=\"ThinkPad\"") &&
                 Catch::Contains("subsystem_vendor_name=\"Lenovo\"") && Catch::Contains(",vendor_name=\"AMD\""));
  host.collectors.clear();
  host.page = expo::Page();
  host.options.pcidevice_ids_file += ".absent";
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::Contains("class_name=\"Unknown class (010802)\"") && Catch::Contains(",vendor_name=\"1022\""));
}
