#pragma once
// tocsinctl tsdb: the blocks of a data directory, Prometheus' or ours, offline and without changing them. Options and
// output are promtool's; verify and snapshot, which asks a server, are ours.

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace tocsin::ctl {

inline constexpr const char* kDefaultDataPath = "data/";

struct TsdbListArgs {
  std::string path = kDefaultDataPath;
  bool human_readable = false;
};
/// One line a block, in order of time: also while a server runs. Exit status 0, or 1 if a block is damaged.
int tsdb_list(const TsdbListArgs& args);

struct TsdbAnalyzeArgs {
  std::string path = kDefaultDataPath;
  std::string block;  // "": the one whose ULID is of the newest time
  std::size_t limit = 20;
  bool extended = false;
  std::string match;  // a selector, "" for none
};
/// Churn and cardinality of a block. Exit status 0, or 1.
int tsdb_analyze(const TsdbAnalyzeArgs& args);

enum class TsdbDumpFormat { kPrometheus, kSeriesJson, kOpenMetrics };
struct TsdbDumpArgs {
  std::string path = kDefaultDataPath;
  Timestamp min_time = kMinTimestamp, max_time = kMaxTimestamp;
  std::vector<std::string> match;  // selectors; none: all series
  TsdbDumpFormat format = TsdbDumpFormat::kPrometheus;
};
/// Samples of all blocks, series by series in order of labels. Exit status 0, or 1 if something could not be read.
int tsdb_dump(const TsdbDumpArgs& args);

struct TsdbVerifyArgs {
  std::string path = kDefaultDataPath;
  std::vector<std::string> blocks;  // ULIDs; none: all
};
/// Reads everything and names each defect. Exit status 0, or 1 if there is one.
int tsdb_verify(const TsdbVerifyArgs& args);

struct TsdbSnapshotArgs {
  std::string server;
  bool skip_head = false;
  std::string http_config_file;  // "" for none
  Duration timeout = std::chrono::minutes(30);
};
/// Has a server make a snapshot (its admin API) and prints the folder of it, below the data directory. Exit status 0,
/// or 1 if none was made.
int tsdb_snapshot(const TsdbSnapshotArgs& args);

struct TsdbImportArgs {
  std::string input;
  std::string path = kDefaultDataPath;
  std::vector<std::string> labels;  // name=value
  Duration max_block_duration{0};
  bool human_readable = false, quiet = false;
};
/// Makes blocks of an OpenMetrics file and prints them as tsdb_list() does. Exit status 0, or 1.
int tsdb_import_openmetrics(const TsdbImportArgs& args);

}  // namespace tocsin::ctl
