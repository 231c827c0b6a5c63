// What XFS did on each file system, from /sys/fs/xfs/*/stats/stats.
// Source of what the fields mean: xfs.org, "Runtime Stats".

#include <algorithm>
#include <array>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Field {
  std::string_view line;
  std::size_t place;  // after the line's name
  std::string_view name, help;
};
constexpr Field kFields[] = {
    {"extent_alloc", 0, "extent_allocation_extents_allocated_total", "Number of extents allocated for a filesystem."},
    {"extent_alloc", 1, "extent_allocation_blocks_allocated_total", "Number of blocks allocated for a filesystem."},
    {"extent_alloc", 2, "extent_allocation_extents_freed_total", "Number of extents freed for a filesystem."},
    {"extent_alloc", 3, "extent_allocation_blocks_freed_total", "Number of blocks freed for a filesystem."},
    {"abt", 0, "allocation_btree_lookups_total", "Number of allocation B-tree lookups for a filesystem."},
    {"abt", 1, "allocation_btree_compares_total", "Number of allocation B-tree compares for a filesystem."},
    {"abt", 2, "allocation_btree_records_inserted_total",
     "Number of allocation B-tree records inserted for a filesystem."},
    {"abt", 3, "allocation_btree_records_deleted_total",
     "Number of allocation B-tree records deleted for a filesystem."},
    {"blk_map", 0, "block_mapping_reads_total", "Number of block map for read operations for a filesystem."},
    {"blk_map", 1, "block_mapping_writes_total", "Number of block map for write operations for a filesystem."},
    {"blk_map", 2, "block_mapping_unmaps_total", "Number of block unmaps (deletes) for a filesystem."},
    {"blk_map", 3, "block_mapping_extent_list_insertions_total", "Number of extent list insertions for a filesystem."},
    {"blk_map", 4, "block_mapping_extent_list_deletions_total", "Number of extent list deletions for a filesystem."},
    {"blk_map", 5, "block_mapping_extent_list_lookups_total", "Number of extent list lookups for a filesystem."},
    {"blk_map", 6, "block_mapping_extent_list_compares_total", "Number of extent list compares for a filesystem."},
    {"bmbt", 0, "block_map_btree_lookups_total", "Number of block map B-tree lookups for a filesystem."},
    {"bmbt", 1, "block_map_btree_compares_total", "Number of block map B-tree compares for a filesystem."},
    {"bmbt", 2, "block_map_btree_records_inserted_total",
     "Number of block map B-tree records inserted for a filesystem."},
    {"bmbt", 3, "block_map_btree_records_deleted_total",
     "Number of block map B-tree records deleted for a filesystem."},
    {"dir", 0, "directory_operation_lookup_total",
     "Number of file name directory lookups which miss the operating systems directory name lookup cache."},
    {"dir", 1, "directory_operation_create_total",
     "Number of times a new directory entry was created for a filesystem."},
    {"dir", 2, "directory_operation_remove_total",
     "Number of times an existing directory entry was created for a filesystem."},
    {"dir", 3, "directory_operation_getdents_total",
     "Number of times the directory getdents operation was performed for a filesystem."},
    {"ig", 0, "inode_operation_attempts_total", "Number of times the OS looked for an XFS inode in the inode cache."},
    {"ig", 1, "inode_operation_found_total",
     "Number of times the OS looked for and found an XFS inode in the inode cache."},
    {"ig", 2, "inode_operation_recycled_total",
     "Number of times the OS found an XFS inode in the cache, but could not use it as it was being recycled."},
    {"ig", 3, "inode_operation_missed_total",
     "Number of times the OS looked for an XFS inode in the cache, but did not find it."},
    {"ig", 4, "inode_operation_duplicates_total",
     "Number of times the OS tried to add a missing XFS inode to the inode cache, but found it had already been added "
     "by another process."},
    {"ig", 5, "inode_operation_reclaims_total",
     "Number of times the OS reclaimed an XFS inode from the inode cache to free memory for another purpose."},
    {"ig", 6, "inode_operation_attribute_changes_total",
     "Number of times the OS explicitly changed the attributes of an XFS inode."},
    {"rw", 0, "write_calls_total", "Number of write(2) system calls made to files in a filesystem."},
    {"rw", 1, "read_calls_total", "Number of read(2) system calls made to files in a filesystem."},
    {"vnodes", 0, "vnode_active_total", "Number of vnodes not on free lists for a filesystem."},
    {"vnodes", 1, "vnode_allocate_total", "Number of times vn_alloc called for a filesystem."},
    {"vnodes", 2, "vnode_get_total", "Number of times vn_get called for a filesystem."},
    {"vnodes", 3, "vnode_hold_total", "Number of times vn_hold called for a filesystem."},
    {"vnodes", 4, "vnode_release_total", "Number of times vn_rele called for a filesystem."},
    {"vnodes", 5, "vnode_reclaim_total", "Number of times vn_reclaim called for a filesystem."},
    {"vnodes", 6, "vnode_remove_total", "Number of times vn_remove called for a filesystem."},
};

class Xfs final : public Collector {
 public:
  explicit Xfs(const NodeContext& context) : files_(context.fs), folder_(context.fs, context.sys("fs/xfs")) {}
  std::string_view name() const override { return "xfs"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& device : folder_.names()) {
      if (device == "stats") continue;  // of all together
      const std::string path = fmt::format("{}/{}/stats/stats", folder_.path(), device);
      const auto text = files_.text(path);
      if (text) TOCSIN_OK(put(page, device, path, *text));
    }
    return {};
  }

 private:
  /// What the kernel does not tell is 0, as in node_exporter.
  static Result<void> put(expo::Page& page, const std::string& device, const std::string& path, std::string_view text) {
    std::array<std::uint64_t, std::size(kFields)> values{};
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view kind = next_word(line);
      if (std::ranges::none_of(kFields, [&](const Field& field) { return field.line == kind; })) continue;
      std::size_t place = 0;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line), ++place) {
        std::uint64_t value = 0;
        if (!to_number(word, value)) {
          return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", path, kind, word.substr(0, 100));
        }
        const auto* const field = std::ranges::find_if(
            kFields, [&](const Field& candidate) { return candidate.line == kind && candidate.place == place; });
        if (field != std::end(kFields)) values[static_cast<std::size_t>(field - kFields)] = value;
      }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      page.family(fmt::format("node_xfs_{}", kFields[i].name), kFields[i].help, model::MetricType::kCounter)
          .put({{"device", device}}, static_cast<double>(values[i]));
    }
    return {};
  }

  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_xfs(const NodeContext& context) {
  return std::make_unique<Xfs>(context);
}

}  // namespace tocsin::exporters::node
