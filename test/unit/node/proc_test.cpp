// Collectors that read one or two files of /proc, over files that this test writes.

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("netstat: names over values, only the fields that are asked for") {
  Host host("netstat");
  host.dir.write("proc/net/netstat", "TcpExt: SyncookiesSent PruneCalled\nTcpExt: 3 4\n");
  host.dir.write("proc/net/snmp", "Ip: Forwarding DefaultTTL\nIp: 2 64\nTcp: MaxConn CurrEstab\nTcp: -1 5\n");
  host.dir.write("proc/net/snmp6", "Udp6InDatagrams                 \t7\nUdp6MemErrors 1\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_netstat_Ip_Forwarding 2\nnode_netstat_TcpExt_SyncookiesSent 3\nnode_netstat_Tcp_CurrEstab 5\n"
        "node_netstat_Udp6_InDatagrams 7\n");
  CHECK_THAT(host.page.render(), Catch::Contains("# HELP node_netstat_Tcp_CurrEstab Statistic TcpCurrEstab.\n"
                                                 "# TYPE node_netstat_Tcp_CurrEstab untyped\n"));
  // The next round has another order of fields.
  host.dir.write("proc/net/netstat", "TcpExt: PruneCalled SyncookiesSent\nTcpExt: 5 6\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_netstat_TcpExt_SyncookiesSent 6\n"));
}

TEST_CASE("netstat: IPv6 may be missing; tables that do not fit together are errors with the file") {
  Host host("netstat");
  host.options.netstat_fields = "";
  host.dir.write("proc/net/netstat", "TcpExt: A\nTcpExt: 1\n");
  host.dir.write("proc/net/snmp", "Ip: A\nIp: 1\n");
  REQUIRE(host.collect());
  for (const char* const wrong :
       {"Ip: A B\nIp: 1\n", "Ip: A\nIp: 1 2\n", "Ip: A\n", "Ip: A\nTcp: 1\n", "Ip: A\nIp: x\n", "Ip A\nIp 1\n"}) {
    host.dir.write("proc/net/snmp", wrong);
    const auto result = host.collect();
    INFO(wrong);
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message, Catch::Contains("proc/net/snmp"));
  }
}

TEST_CASE("netstat: a pattern that does not compile is named by its flag") {
  Host host("netstat");
  host.options.netstat_fields = "(";
  const auto made = exporters::node::make_collectors(host.options, posix_fs(), host.loop);
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Catch::Contains("--collector.netstat.fields"));
}

TEST_CASE("vmstat: the fields of the pattern, unanchored at the end") {
  Host host("vmstat");
  host.dir.write("proc/vmstat", "nr_free_pages 1\npgpgin 7344136\npgmajfault 12\noom_kill 0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_vmstat_oom_kill 0\nnode_vmstat_pgmajfault 12\nnode_vmstat_pgpgin 7.344136e+06\n");
  host.dir.write("proc/vmstat", "pgpgin\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("sockstat: by protocol and state, memory also in bytes; what is not known is passed over") {
  Host host("sockstat");
  host.dir.write("proc/net/sockstat", "sockets: used 229\nTCP: inuse 4 orphan 0 tw 4 alloc 17 mem 2 new 9\n");
  REQUIRE(host.collect());
  const auto bytes = 2 * ::sysconf(_SC_PAGESIZE);
  CHECK(host.lines() ==
        fmt::format("node_sockstat_TCP_alloc 17\nnode_sockstat_TCP_inuse 4\nnode_sockstat_TCP_mem 2\n"
                    "node_sockstat_TCP_mem_bytes {}\nnode_sockstat_TCP_orphan 0\nnode_sockstat_TCP_tw 4\n"
                    "node_sockstat_sockets_used 229\n",
                    bytes));
  host.dir.write("proc/net/sockstat6", "TCP6: inuse\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("stat: what is not about CPUs; softirqs if asked") {
  const std::string text =
      "cpu  1 2 3\nintr 8885917 17 0\nctxt 38014093\nbtime 1418183276\nprocesses 26442\nprocs_running 2\n"
      "procs_blocked 0\nsoftirq 55 1 2 3 4 5 6 7 8 9 10\n";
  Host plain("stat");
  plain.dir.write("proc/stat", text);
  REQUIRE(plain.collect());
  CHECK(plain.lines() ==
        "node_boot_time_seconds 1.418183276e+09\nnode_context_switches_total 3.8014093e+07\nnode_forks_total 26442\n"
        "node_intr_total 8.885917e+06\nnode_procs_blocked 0\nnode_procs_running 2\n");
  Host full("stat");
  full.options.stat_softirq = true;
  full.dir.write("proc/stat", text);
  REQUIRE(full.collect());
  CHECK_THAT(full.lines(), Catch::Contains("node_softirqs_total{vector=\"block_iopoll\"} 6\n"));
  CHECK_THAT(full.lines(), Catch::Contains("node_softirqs_total{vector=\"rcu\"} 10\n"));
}

TEST_CASE("filefd and entropy: numbers with tabs and newlines around them") {
  Host files("filefd");
  files.dir.write("proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
  REQUIRE(files.collect());
  CHECK(files.lines() == "node_filefd_allocated 1024\nnode_filefd_maximum 9.223372036854776e+18\n");
  files.dir.write("proc/sys/fs/file-nr", "1024\t0\n");
  CHECK_FALSE(files.collect());
  Host random("entropy");
  random.dir.write("proc/sys/kernel/random/entropy_avail", "256\n");
  CHECK_FALSE(random.collect());
  CHECK(random.lines() == "node_entropy_available_bits 256\n");
  random.dir.write("proc/sys/kernel/random/poolsize", "256\n");
  REQUIRE(random.collect());
}

TEST_CASE("conntrack: sums over the CPUs, by the names of the columns; no module is no error for the log") {
  Host host("conntrack");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  host.dir.write("proc/sys/net/netfilter/nf_conntrack_count", "123\n");
  host.dir.write("proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
  host.dir.write("proc/net/stat/nf_conntrack",
                 "entries  clashres found new drop\n00000021  00000000 0000000a 00000000 00000001\n"
                 "00000021  00000000 0000000b 00000000 00000002\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_nf_conntrack_entries 123\nnode_nf_conntrack_entries_limit 65536\nnode_nf_conntrack_stat_drop 3\n"
        "node_nf_conntrack_stat_found 21\n");
  host.dir.write("proc/net/stat/nf_conntrack", "entries found\n00000021 zz\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("pressure: some and full of what the kernel has") {
  Host host("pressure");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  host.dir.write("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781\n");
  host.dir.write("proc/pressure/memory", "some avg10=0.00 total=1\nfull avg10=0.00 total=2000000\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_pressure_cpu_waiting_seconds_total 14.036781000000001\n"
        "node_pressure_memory_stalled_seconds_total 2\nnode_pressure_memory_waiting_seconds_total 1e-06\n");
  host.dir.write("proc/pressure/memory", "some avg10=0.00 total=1\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("schedstat: seconds and timeslices of each CPU") {
  Host host("schedstat");
  host.dir.write("proc/schedstat",
                 "version 15\ntimestamp 15819019232\ncpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 "
                 "2045936778163039 343796328169361 4767485306\ndomain0 00000000,00000003 0 0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_schedstat_running_seconds_total{cpu=\"0\"} 2.045936778163039e+06\n"
        "node_schedstat_timeslices_total{cpu=\"0\"} 4.767485306e+09\n"
        "node_schedstat_waiting_seconds_total{cpu=\"0\"} 343796.328169361\n");
  host.dir.write("proc/schedstat", "cpu0 1 2 3\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("softnet: old kernels have fewer columns, new ones name the CPU") {
  Host host("softnet");
  host.dir.write("proc/net/softnet_stat",
                 "000000ff 00000001 00000002 00000000 00000000 00000000 00000000 00000000 00000003\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_softnet_processed_total{cpu=\"0\"} 255\n"));
  CHECK_THAT(host.lines(), Catch::Contains("node_softnet_received_rps_total{cpu=\"0\"} 0\n"));
  host.dir.write("proc/net/softnet_stat",
                 "00000001 0 0 0 0 0 0 0 0 0 0 00000005 00000007\n00000002 0 0 0 0 0 0 0 0 0 0 00000006 00000008\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(),
             Catch::Contains("node_softnet_backlog_len{cpu=\"7\"} 5\nnode_softnet_backlog_len{cpu=\"8\"} 6\n"));
  host.dir.write("proc/net/softnet_stat", "00000001 0 0\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("udp_queues: bytes that wait in all sockets; a kernel without IPv6") {
  Host host("udp_queues");
  const auto absent = host.collect();
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::kUnavailable);
  host.dir.write("proc/net/udp",
                 "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
                 "   0: 00000000:0016 00000000:0000 0A 00000015:00000001 00:00000000 00000000\n"
                 "   1: 00000000:0017 00000000:0000 0A 00000001:00000002 00:00000000 00000000\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_udp_queues{ip=\"v4\",queue=\"rx\"} 3\nnode_udp_queues{ip=\"v4\",queue=\"tx\"} 22\n");
  host.dir.write("proc/net/udp6", "heading\n 0: a b 0A 15\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("cpufreq: what the driver has, in hertz, and each governor that it could use") {
  Host host("cpufreq");
  REQUIRE(host.collect());
  const std::string folder = "sys/devices/system/cpu/cpu3/cpufreq/";
  host.dir.write(folder + "scaling_cur_freq", "1699981\n");
  host.dir.write(folder + "scaling_governor", "powersave\n");
  host.dir.write(folder + "scaling_available_governors", "performance powersave \n");
  host.dir.write("sys/devices/system/cpu/cpuidle/x", "");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_cpu_scaling_frequency_hertz{cpu=\"3\"} 1.699981e+09\n"
        "node_cpu_scaling_governor{cpu=\"3\",governor=\"performance\"} 0\n"
        "node_cpu_scaling_governor{cpu=\"3\",governor=\"powersave\"} 1\n");
}

TEST_CASE("cpu: info, flags and bugs only if asked") {
  Host host("cpu");
  host.options.cpu_guest = false;
  host.options.cpu_flags_include = "^(aes|avx.?)$";
  host.options.cpu_bugs_include = "spectre";
  host.dir.write("proc/stat", "cpu0 0\n");
  host.dir.write("proc/cpuinfo",
                 "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 800.5\nphysical id\t: 1\ncore id\t\t: 2\n"
                 "flags\t\t: fpu aes avx2 avx512\nbugs\t\t: mds spectre_v1\n\n"
                 "processor\t: 1\nmodel name\t: Some: CPU\nflags\t\t: avx\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::Contains("core=\"2\",cpu=\"0\",family=\"\"") &&
                        Catch::Contains("package=\"1\",stepping=\"\",vendor=\"GenuineIntel\"} 1\n"));
  CHECK_THAT(lines, Catch::Contains("model_name=\"Some: CPU\""));
  CHECK_THAT(lines, Catch::Contains("node_cpu_flag_info{flag=\"aes\"} 1\nnode_cpu_flag_info{flag=\"avx2\"} 1\n"));
  CHECK_THAT(lines, !Catch::Contains("avx512") && !Catch::Contains("flag=\"avx\""));
  CHECK_THAT(lines, Catch::Contains("node_cpu_bug_info{bug=\"spectre_v1\"} 1\n") && !Catch::Contains("mds"));
  CHECK_THAT(lines, !Catch::Contains("node_cpu_frequency_hertz"));  // the collector cpufreq is off here
}

TEST_CASE("cpu: on line or not, where the first can be taken off") {
  Host host("cpu");
  host.options.cpu_guest = false;
  host.dir.write("proc/stat", "");
  host.dir.write("sys/devices/system/cpu/cpu0/online", "1\n");
  host.dir.write("sys/devices/system/cpu/cpu1/online", "0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() == "node_cpu_online{cpu=\"0\"} 1\nnode_cpu_online{cpu=\"1\"} 0\n");
}
