#include <array>
#include <charconv>
#include <memory>

#include <sys/resource.h>
#include <unistd.h>

#include "base/strings.hpp"
#include "base/system_file.hpp"
#include "telemetry/registry.hpp"

namespace tocsin::telemetry {
namespace {

double number_of(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The word after `key` at the start of a line, up to the next blank: "btime 123", "Max open files   1024".
std::string_view value_behind(std::string_view text, std::string_view key) {
  std::size_t at = text.starts_with(key) ? 0 : text.find("\n" + std::string(key));
  if (at == std::string_view::npos) return {};
  at = text.find_first_not_of(" \t", at + key.size() + (at == 0 ? 0 : 1));
  return at == std::string_view::npos ? std::string_view() : text.substr(at, text.find_first_of(" \t\n", at) - at);
}

class ProcessProbe {
 public:
  ProcessProbe(Fs& fs, std::string procfs)
      : fs_(fs), procfs_(std::move(procfs)), stat_(procfs_ + "/self/stat"), limits_(procfs_ + "/self/limits") {
    if (auto stat = fs_.read_file(procfs_ + "/stat")) boot_seconds_ = number_of(value_behind(*stat, "btime"));
  }

  void operator()(Sink& sink) {
    if (auto stat = stat_.read(fs_)) put_stat(sink, *stat);
    if (const double fds = open_files(); fds > 0) {
      sink.gauge("process_open_fds", "Number of open file descriptors.", fds);
    }
    if (const double most = max_files(); most > 0) {
      sink.gauge("process_max_fds", "Maximum number of open file descriptors.", most);
    }
  }

 private:
  /// A file that the kernel makes in one piece, with its descriptor kept.
  class Kept {
   public:
    explicit Kept(std::string path) : path_(std::move(path)) {}
    Result<std::string_view> read(Fs& fs) {
      if (!file_) {
        TOCSIN_TRY(file_, fs.open_random(path_));
      }
      const auto* const system = dynamic_cast<const SystemFile*>(file_.get());
      auto length = system != nullptr ? system->read_once(text_.data(), text_.size())
                                      : file_->read_at(0, text_.data(), text_.size());
      if (!length) {
        file_.reset();
        return fail(std::move(length).error());
      }
      return std::string_view(text_.data(), *length);
    }

   private:
    std::string path_;
    std::unique_ptr<RandomFile> file_;
    std::array<char, 4096> text_{};
  };

  /// The kernel writes a table of all limits, for one of them: where it is the process's own, it is asked for that one.
  double max_files() {
    if (procfs_ == "/proc") {
      rlimit files{};
      const bool known = ::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY;
      return known ? static_cast<double>(files.rlim_cur) : 0;
    }
    const auto limits = limits_.read(fs_);
    return limits ? number_of(value_behind(*limits, "Max open files")) : 0;
  }

  /// Linux 6.2 and later tell it as the size of the folder.
  double open_files() {
    const std::string folder = procfs_ + "/self/fd";
    const auto info = fs_.info(folder);
    if (procfs_ == "/proc" && info && info->size > 0) return static_cast<double>(info->size);
    const auto fds = fs_.list(folder);
    return fds ? static_cast<double>(fds->size()) : 0;
  }

  /// Fields of proc(5) behind the command's closing parenthesis; the third of all is the first here.
  void put_stat(Sink& sink, std::string_view stat) {
    const std::size_t close = stat.rfind(')');
    if (close == std::string_view::npos) return;
    const auto fields = split(stat.substr(std::min(close + 2, stat.size())), ' ');
    if (fields.size() < 22) return;
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const double page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    sink.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                 (number_of(fields[11]) + number_of(fields[12])) / ticks);
    sink.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
               boot_seconds_ + number_of(fields[19]) / ticks);
    sink.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", number_of(fields[20]));
    sink.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", number_of(fields[21]) * page);
  }

  Fs& fs_;
  std::string procfs_;
  double boot_seconds_ = 0;
  Kept stat_, limits_;
};

}  // namespace

Probe make_process_probe(Fs& fs, std::string procfs) {
  return [probe = std::make_shared<ProcessProbe>(fs, std::move(procfs))](Sink& sink) { (*probe)(sink); };
}

}  // namespace tocsin::telemetry
