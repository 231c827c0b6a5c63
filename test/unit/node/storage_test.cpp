// Collectors of disks, tapes and file systems, over files that this test writes.

#include <filesystem>

#include <catch2/catch.hpp>

#include "unit/node/host.hpp"

using namespace tocsin;
using test::Host;

TEST_CASE("mdadm: what an array does, with all the forms of its lines") {
  Host host("mdadm");
  host.dir.write("proc/mdstat",
                 "Personalities : [raid1] [raid6] [raid0]\n"
                 "md0 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)\n"
                 "      1000 blocks super 1.2 [2/1] [U_]\n"
                 "      [=>...................]  recovery =  8.5% (85/1000) finish=17.0min speed=259783K/sec\n"
                 "      bitmap: 0/30 pages [0KB], 65536KB chunk\n"
                 "\n"
                 "md1 : active (auto-read-only) raid1 sdb2[0] sdc2[1]\n"
                 "      2000 blocks super 1.2 [2/2] [UU]\n"
                 "      \tresync=PENDING\n"
                 "      \n"
                 "md2 : active raid0 sda1[0] sdb1[1]\n"
                 "      3000 blocks 64k chunks\n"
                 "\n"
                 "md3 : inactive sdd[0](S)\n"
                 "      4000 blocks super external:imsm\n"
                 "\n"
                 "unused devices: <none>\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  for (const char* const line :
       {"node_md_state{device=\"md0\",state=\"recovering\"} 1\n", "node_md_state{device=\"md0\",state=\"active\"} 0\n",
        "node_md_blocks_synced{device=\"md0\"} 85\n", "node_md_blocks{device=\"md0\"} 1000\n",
        "node_md_disks{device=\"md0\",state=\"active\"} 1\n", "node_md_disks{device=\"md0\",state=\"failed\"} 1\n",
        "node_md_disks{device=\"md0\",state=\"spare\"} 1\n", "node_md_disks_required{device=\"md0\"} 2\n",
        "node_md_state{device=\"md1\",state=\"resync\"} 1\n", "node_md_blocks_synced{device=\"md1\"} 0\n",
        "node_md_disks{device=\"md2\",state=\"active\"} 2\n", "node_md_blocks_synced{device=\"md2\"} 3000\n",
        "node_md_state{device=\"md2\",state=\"active\"} 1\n", "node_md_state{device=\"md3\",state=\"inactive\"} 1\n",
        "node_md_disks_required{device=\"md3\"} 0\n"}) {
    CHECK_THAT(lines, Catch::Contains(line));
  }
}

TEST_CASE("mdadm: text that is no list of arrays is an error that names the file") {
  Host host("mdadm");
  for (const char* const text :
       {"md0 :\n", "md0 : active raid1 sda[0]\n", "md0 : active raid1 sda[0]\n\n",
        "md0 : active raid1 sda[0]\n  x blocks\n", "md0 : active raid1 sda[0]\n  10 blocks [2/]\n",
        "md0 : active raid1 sda[0]\n  10 blocks [2/2] [UU]\n  check = 5%\n",
        "md0 : active raid1 sda[0]\n  99999999999999999999999 blocks [2/2] [UU]\n", "\xff\xfe"}) {
    INFO(text);
    host.dir.write("proc/mdstat", text);
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kCorrupt);
    CHECK_THAT(result.error().message, Catch::Contains("mdstat"));
  }
  host.dir.write("proc/mdstat", "");
  CHECK(host.collect());
}

TEST_CASE("mdadm: attributes of an array in /sys, by its level") {
  Host host("mdadm");
  host.dir.write("proc/mdstat", "Personalities : \nunused devices: <none>\n");
  const std::string block = "sys/block/";
  host.dir.write(block + "md0/md/level", "raid0\n");
  host.dir.write(block + "md0/md/raid_disks", "2\n");
  host.dir.write(block + "md5/md/level", "raid5\n");
  host.dir.write(block + "md5/md/raid_disks", "4 (3)\n");  // grows
  host.dir.write(block + "md5/md/degraded", "1\n");
  host.dir.write(block + "md127/md/level", "container\n");
  host.dir.write(block + "md127/md/raid_disks", "2\n");
  host.dir.write(block + "sda/md/level", "raid0\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_md_degraded{device=\"md0\"} 0\n"
        "node_md_degraded{device=\"md127\"} 0\n"
        "node_md_degraded{device=\"md5\"} 1\n"
        "node_md_raid_disks{device=\"md0\"} 2\n"
        "node_md_raid_disks{device=\"md5\"} 4\n");
  host.dir.write(block + "md5/md/degraded", "what\n");
  const auto result = host.collect();
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Catch::Contains("md5/md/degraded"));
}

TEST_CASE("nvme: a controller, and namespaces as far as the kernel tells") {
  Host host("nvme");
  const std::string device = "sys/class/nvme/nvme0/";
  host.dir.write(device + "model", "Fast one\n");
  host.dir.write(device + "state", "live\n");
  host.dir.write(device + "nvme0n1/size", "1000\n");
  host.dir.write(device + "nvme0n1/nuse", "10\n");
  host.dir.write(device + "nvme0n1/queue/logical_block_size", "512\n");
  host.dir.write(device + "nvme0n2/size", "1000\n");
  host.dir.write(device + "nvme0c1n3/size", "1000\n");  // a path, not a namespace
  host.dir.write(device + "ng0n1/dev", "1\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_nvme_info{cntlid=\"\",device=\"nvme0\",firmware_revision=\"\",model=\"Fast one\",serial=\"\","
        "state=\"live\"} 1\n"
        "node_nvme_namespace_capacity_bytes{device=\"nvme0\",nsid=\"1\"} 512000\n"
        "node_nvme_namespace_info{ana_state=\"unknown\",device=\"nvme0\",nsid=\"1\"} 1\n"
        "node_nvme_namespace_info{ana_state=\"unknown\",device=\"nvme0\",nsid=\"2\"} 1\n"
        "node_nvme_namespace_logical_block_size_bytes{device=\"nvme0\",nsid=\"1\"} 512\n"
        "node_nvme_namespace_size_bytes{device=\"nvme0\",nsid=\"1\"} 512000\n"
        "node_nvme_namespace_used_bytes{device=\"nvme0\",nsid=\"1\"} 5120\n");
  host.dir.write(device + "nvme0n1/size", "1e3\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("tapestats: drives by their first name, without the ignored ones") {
  Host host("tapestats");
  host.options.tapestats_ignored_devices = "^st1$";
  for (const char* const name : {"st0", "nst0", "st0a", "st1", "st"}) {
    host.dir.write(fmt::format("sys/class/scsi_tape/{}/stats/read_ns", name), "2500000000\n");
    host.dir.write(fmt::format("sys/class/scsi_tape/{}/stats/in_flight", name), "1\n");
  }
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_tape_io_now{device=\"st0\"} 1\n"
        "node_tape_read_time_seconds_total{device=\"st0\"} 2.5\n");
  host.dir.write("sys/class/scsi_tape/st0/stats/in_flight", "");
  CHECK_FALSE(host.collect());
}

TEST_CASE("dmmultipath: paths that work and paths that do not; other mapped devices are left out") {
  Host host("dmmultipath");
  const std::string block = "sys/block/";
  host.dir.write(block + "dm-0/dm/uuid", "LVM-abc\n");
  host.dir.write(block + "dm-1/dm/uuid", "mpath-36\n");
  host.dir.write(block + "dm-1/dm/name", "mpatha\n");
  host.dir.write(block + "dm-1/dm/suspended", "1\n");
  host.dir.write(block + "dm-1/size", "2\n");
  for (const auto& [path, state] : {std::pair{"sda", "running\n"}, {"nvme0n1", "live\n"}, {"sdb", "offline\n"}}) {
    host.dir.write(fmt::format("{}dm-1/slaves/{}/dev", block, path), "1\n");
    host.dir.write(fmt::format("{}{}/device/state", block, path), state);
  }
  host.dir.write(block + "dm-1/slaves/vda/dev", "1\n");  // its bus says nothing
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_dmmultipath_device_active{device=\"mpatha\",sysfs_name=\"dm-1\"} 0\n"
        "node_dmmultipath_device_info{device=\"mpatha\",sysfs_name=\"dm-1\",uuid=\"mpath-36\"} 1\n"
        "node_dmmultipath_device_paths{device=\"mpatha\",sysfs_name=\"dm-1\"} 4\n"
        "node_dmmultipath_device_paths_active{device=\"mpatha\",sysfs_name=\"dm-1\"} 2\n"
        "node_dmmultipath_device_paths_failed{device=\"mpatha\",sysfs_name=\"dm-1\"} 2\n"
        "node_dmmultipath_device_size_bytes{device=\"mpatha\",sysfs_name=\"dm-1\"} 1024\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"nvme0n1\",state=\"live\"} 1\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"sda\",state=\"running\"} 1\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"sdb\",state=\"offline\"} 1\n"
        "node_dmmultipath_path_state{device=\"mpatha\",path=\"vda\",state=\"unknown\"} 1\n");
  host.dir.write(block + "dm-1/size", "many\n");
  CHECK_FALSE(host.collect());
}

TEST_CASE("xfs: fields by their place, with 0 for what the kernel does not tell") {
  Host host("xfs");
  REQUIRE(host.collect());  // most machines have none
  CHECK(host.lines().empty());
  host.dir.write("sys/fs/xfs/stats/stats", "rw 1 1\n");  // of all file systems together
  host.dir.write("sys/fs/xfs/sda1/stats/stats", "rw 28 7\nvnodes 4 0 1\nbuf what\nabt\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::StartsWith("node_xfs_allocation_btree_compares_total{device=\"sda1\"} 0\n"));
  CHECK_THAT(lines, Catch::Contains("node_xfs_read_calls_total{device=\"sda1\"} 7\n"
                                    "node_xfs_vnode_active_total{device=\"sda1\"} 4\n"
                                    "node_xfs_vnode_allocate_total{device=\"sda1\"} 0\n"
                                    "node_xfs_vnode_get_total{device=\"sda1\"} 1\n"));
  CHECK_THAT(lines, Catch::EndsWith("node_xfs_write_calls_total{device=\"sda1\"} 28\n"));
  host.dir.write("sys/fs/xfs/sda1/stats/stats", "rw 28 -7\n");
  const auto result = host.collect();
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Catch::Contains("xfs/sda1/stats/stats"));
}

TEST_CASE("btrfs: space by group and mode, devices, commits; an older kernel has fewer files") {
  Host host("btrfs");
  REQUIRE(host.collect());
  CHECK(host.lines().empty());
  const std::string fs = "sys/fs/btrfs/0abb-1/";
  host.dir.write("sys/fs/btrfs/features/raid56", "1\n");
  host.dir.write(fs + "label", "pool\n");
  for (const char* const device : {"sda", "sdb", "sdc"}) host.dir.write(fs + "devices/" + device + "/size", "2\n");
  host.dir.write(fs + "allocation/data/bytes_reserved", "5\n");
  host.dir.write(fs + "allocation/data/raid5/used_bytes", "10\n");
  host.dir.write(fs + "allocation/data/raid5/total_bytes", "20\n");
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  for (const char* const line :
       {"node_btrfs_info{label=\"pool\",uuid=\"0abb-1\"} 1\n", "node_btrfs_commits_total{uuid=\"0abb-1\"} 0\n",
        "node_btrfs_device_size_bytes{device=\"sdc\",uuid=\"0abb-1\"} 1024\n",
        "node_btrfs_reserved_bytes{block_group_type=\"data\",uuid=\"0abb-1\"} 5\n",
        "node_btrfs_used_bytes{block_group_type=\"data\",mode=\"raid5\",uuid=\"0abb-1\"} 10\n",
        "node_btrfs_allocation_ratio{block_group_type=\"data\",mode=\"raid5\",uuid=\"0abb-1\"} 1.5\n"}) {
    CHECK_THAT(lines, Catch::Contains(line));
  }
  CHECK_THAT(lines, !Catch::Contains("features"));
  host.dir.write(fs + "metadata_uuid", "0abb-2\n");
  host.dir.write(fs + "commit_stats", "commits 4\nlast_commit_ms 1500\nnew_one 2\n");
  REQUIRE(host.collect());
  CHECK_THAT(host.lines(), Catch::Contains("node_btrfs_last_commit_seconds{uuid=\"0abb-2\"} 1.5\n"));
  for (const auto& [file, text] : {std::pair{"commit_stats", "commits\n"}, {"devices/sda/size", "\xff"}}) {
    host.dir.write(fs + file, text);
    CHECK_FALSE(host.collect());
    host.dir.write(fs + file, "commits 4\n");
  }
}

TEST_CASE("bcache: numbers as people read them, of the set, its backing devices and caches") {
  Host host("bcache");
  REQUIRE(host.collect());
  CHECK(host.lines().empty());
  host.options.bcache_priority_stats = true;
  const std::string set = "sys/fs/bcache/deaddd54-c735/";
  host.dir.write("sys/fs/bcache/register", "1\n");
  host.dir.write(set + "btree_cache_size", "1.10k\n");
  host.dir.write(set + "bdev0/writeback_rate_debug",
                 "rate:\t\t1.1M/sec\ndirty:\t\t20.4G\nproportional:\t-427.5k\nchange:\t321/sec\nnext io:\t17ms\n");
  host.dir.write(set + "bdev0/stats_total/cache_hits", "546\n");
  host.dir.write(set + "bdev0/stats_total/cache_readaheads", "0\n");
  host.dir.write(set + "cache0/written", "2G\n");
  host.dir.write(set + "cache0/priority_stats", "Unused:\t\t99%\nAverage:\t10473\nQuantiles:\t[0 0]\n");
  host.dir.write(set + "cache_x", "1\n");
  host.collectors.clear();
  REQUIRE(host.collect());
  const std::string backing = "{backing_device=\"bdev0\",uuid=\"deaddd54-c735\"} ";
  const std::string cache = "{cache_device=\"cache0\",uuid=\"deaddd54-c735\"} ";
  CHECK(host.lines() ==
        "node_bcache_btree_cache_size_bytes{uuid=\"deaddd54-c735\"} 2024\n"
        "node_bcache_cache_hits_total" +
            backing +
            "546\n"
            "node_bcache_priority_stats_unused_percent" +
            cache +
            "99\n"
            "node_bcache_writeback_change" +
            backing +
            "321\n"
            "node_bcache_writeback_rate" +
            backing +
            "1.150976e+06\n"
            "node_bcache_writeback_rate_proportional_term" +
            backing +
            "-437748\n"
            "node_bcache_written_bytes_total" +
            cache + "2.147483648e+09\n");
  for (const char* const text : {"", "k", "1.k", "-", "1.1Q", "many"}) {
    INFO(text);
    host.dir.write(set + "btree_cache_size", text);
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message, Catch::Contains("btree_cache_size"));
  }
}

TEST_CASE("drbd: devices of version 8.4, one after the other") {
  Host host("drbd");
  CHECK(host.collect().error().code == Errc::kUnavailable);
  host.dir.write("proc/drbd",
                 "version: 8.4.3 (api:1/proto:86-101)\nsrcversion: 1A9F77B1CA5FF92235C2213\n\n"
                 " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n"
                 "    ns:2 nr:3 lo:1 wo:d oos:1\n"
                 " 1: cs:StandAlone ro:Secondary/Unknown ds:Outdated/DUnknown   r-----\n");
  REQUIRE(host.collect());
  CHECK(host.lines() ==
        "node_drbd_connected{device=\"drbd0\"} 1\n"
        "node_drbd_connected{device=\"drbd1\"} 0\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd0\",node=\"local\"} 1\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd0\",node=\"remote\"} 0\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd1\",node=\"local\"} 0\n"
        "node_drbd_disk_state_is_up_to_date{device=\"drbd1\",node=\"remote\"} 0\n"
        "node_drbd_local_pending{device=\"drbd0\"} 1\n"
        "node_drbd_network_received_bytes_total{device=\"drbd0\"} 3\n"
        "node_drbd_network_sent_bytes_total{device=\"drbd0\"} 2048\n"
        "node_drbd_node_role_is_primary{device=\"drbd0\",node=\"local\"} 1\n"
        "node_drbd_node_role_is_primary{device=\"drbd0\",node=\"remote\"} 0\n"
        "node_drbd_node_role_is_primary{device=\"drbd1\",node=\"local\"} 0\n"
        "node_drbd_node_role_is_primary{device=\"drbd1\",node=\"remote\"} 0\n"
        "node_drbd_out_of_sync_bytes{device=\"drbd0\"} 1024\n");
  for (const char* const text : {" 0: ro:Primary\n", " 0: ns:\n", " 0: ns:x\n"}) {
    INFO(text);
    host.dir.write("proc/drbd", text);
    CHECK(host.collect().error().code == Errc::kCorrupt);
  }
}

TEST_CASE("bcachefs: tables, counters and devices; a file that is absent has no series") {
  Host host("bcachefs");
  CHECK(host.collect().error().code == Errc::kUnavailable);
  host.dir.write("sys/fs/bcachefs/control", "\n");
  CHECK(host.collect().error().code == Errc::kUnavailable);  // the module is there, nothing is mounted
  const std::string fs = "sys/fs/bcachefs/u-1/";
  host.dir.write(fs + "btree_cache_size", "2.5k\n");
  host.dir.write(fs + "compression_stats", "typetype compressed uncompressed\nlz4:  1K  2k  3\nnone\n");
  host.dir.write(fs + "btree_write_stats", "   nr  size\ninitial:  7  1.5k\n");
  host.dir.write(fs + "errors", "bset_bad_csum   2   1767112063\n");
  host.dir.write(fs + "counters/data_read", "since mount:  1k\nsince filesystem creation:  44.5T\n");
  host.dir.write(fs + "dev-0/state", "[rw] ro\n");
  host.dir.write(fs + "dev-0/nbuckets", "9\n");
  host.dir.write(fs + "dev-0/io_done", "read:\nsb  :  86016\nwrite:\nsb  :  1\n");
  host.dir.write(fs + "dev-0/io_errors",
                 "IO errors since filesystem creation\n  read:  4\nIO errors since 8 y ago\n  read:  5\n");
  REQUIRE(host.collect());
  const std::string device = "{device=\"0\",uuid=\"u-1\"} ";
  CHECK(
      host.lines() ==
      "node_bcachefs_btree_cache_size_bytes{uuid=\"u-1\"} 2560\n"
      "node_bcachefs_btree_write_average_size_bytes{type=\"initial\",uuid=\"u-1\"} 1536\n"
      "node_bcachefs_btree_writes_total{type=\"initial\",uuid=\"u-1\"} 7\n"
      "node_bcachefs_compression_compressed_bytes{algorithm=\"lz4\",uuid=\"u-1\"} 1024\n"
      "node_bcachefs_compression_uncompressed_bytes{algorithm=\"lz4\",uuid=\"u-1\"} 2048\n"
      "node_bcachefs_data_read_total{uuid=\"u-1\"} 4.8928267436032e+13\n"
      "node_bcachefs_device_bucket_size_bytes" +
          device +
          "0\n"
          "node_bcachefs_device_buckets" +
          device +
          "9\n"
          "node_bcachefs_device_durability" +
          device +
          "0\n"
          "node_bcachefs_device_info{device=\"0\",label=\"\",state=\"[rw] ro\",uuid=\"u-1\"} 1\n"
          "node_bcachefs_device_io_done_bytes_total{data_type=\"sb\",device=\"0\",operation=\"read\",uuid=\"u-1\"} "
          "86016\n"
          "node_bcachefs_device_io_done_bytes_total{data_type=\"sb\",device=\"0\",operation=\"write\",uuid=\"u-1\"} 1\n"
          "node_bcachefs_device_io_errors_total{device=\"0\",type=\"read\",uuid=\"u-1\"} 4\n"
          "node_bcachefs_errors_total{error_type=\"bset_bad_csum\",uuid=\"u-1\"} 2\n"
          "node_bcachefs_info{uuid=\"u-1\"} 1\n");
  for (const char* const file :
       {"btree_cache_size", "errors", "counters/data_read", "dev-0/bucket_size", "dev-0/nbuckets", "dev-0/io_done"}) {
    INFO(file);
    host.dir.write(fs + file, "read: inf\nwrite: nan\n");
    const auto result = host.collect();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kCorrupt);
    CHECK_THAT(result.error().message, Catch::Contains(file));
    std::filesystem::remove(host.dir.path() + "/" + fs + file);
    host.collectors.clear();  // a file that stays open can be read after its end
  }
}
