// Processes and threads by state, from /proc/<pid>/stat and /proc/<pid>/task/<tid>/stat.

#include <map>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

using States = std::map<std::string, std::uint64_t, std::less<>>;

struct ProcessStat {
  std::string_view state;
  std::uint64_t threads = 0;
};

/// "1 (name, which may hold anything) S 0 …": the state is the third field, the number of threads the twentieth.
std::optional<ProcessStat> parse_stat(std::string_view text) {
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end + 1);
  ProcessStat stat{next_field(text)};
  for (int field = 4; field < 20; ++field) next_field(text);
  if (!to_number(next_field(text), stat.threads)) return std::nullopt;
  return stat;
}

class Processes final : public Collector {
 public:
  explicit Processes(const NodeContext& context)
      : folder_(context.options.procfs),
        fs_(context.fs),
        files_(context.fs, 0),
        max_threads_(context.fs, context.proc("sys/kernel/threads-max")),
        max_processes_(context.fs, context.proc("sys/kernel/pid_max")) {}
  std::string_view name() const override { return "processes"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, fs_.list(folder_));
    States processes, threads;
    std::uint64_t pids = 0, all_threads = 0;
    for (const std::string& pid : names) {
      std::uint64_t number = 0;
      if (!to_number(pid, number)) continue;
      const std::string folder = fmt::format("{}/{}", folder_, pid);
      const auto text = files_.read(folder + "/stat");
      if (!text) continue;  // it ended since
      const auto stat = parse_stat(*text);
      if (!stat) return fail(Errc::kCorrupt, "{}/stat: no state and number of threads", folder);
      ++pids;
      all_threads += stat->threads;
      const std::string state(stat->state);
      ++processes[state];
      TOCSIN_OK(count_threads(folder + "/task", pid, state, threads));
    }
    put(page, "threads", "Allocated threads in system", static_cast<double>(all_threads));
    TOCSIN_TRY(const double max_threads, max_threads_.read_number());
    put(page, "max_threads", "Limit of threads in the system", max_threads);
    put(page, "state", "Number of processes in each state.", "state", processes);
    put(page, "threads_state", "Number of threads in each state.", "thread_state", threads);
    put(page, "pids", "Number of PIDs", static_cast<double>(pids));
    TOCSIN_TRY(const double max_processes, max_processes_.read_number());
    put(page, "max_processes", "Number of max PIDs limit", max_processes);
    return {};
  }

 private:
  Result<void> count_threads(const std::string& folder, std::string_view pid, const std::string& state,
                             States& threads) {
    for (const std::string& thread : files_.names(folder)) {
      if (thread == pid) {
        ++threads[state];  // the first thread's is the process' own
        continue;
      }
      const auto text = files_.read(fmt::format("{}/{}/stat", folder, thread));
      if (!text) continue;
      const auto stat = parse_stat(*text);
      if (!stat) return fail(Errc::kCorrupt, "{}/{}/stat: no state", folder, thread);
      ++threads[std::string(stat->state)];
    }
    return {};
  }

  static void put(expo::Page& page, std::string_view name, std::string_view help, double value) {
    page.family(fmt::format("node_processes_{}", name), help, model::MetricType::kGauge).put(value);
  }

  static void put(expo::Page& page, std::string_view name, std::string_view help, std::string_view label,
                  const States& states) {
    auto& family = page.family(fmt::format("node_processes_{}", name), help, model::MetricType::kGauge);
    for (const auto& [state, count] : states) family.put({{label, state}}, static_cast<double>(count));
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
  SourceFile max_threads_, max_processes_;
};

}  // namespace

MadeCollector make_processes(const NodeContext& context) {
  return std::make_unique<Processes>(context);
}

}  // namespace tocsin::exporters::node
