#include "exporters/node/perf_events.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strings.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kMaxCpus = 4096;

constexpr std::uint64_t cache(std::uint64_t which, std::uint64_t operation, std::uint64_t result) {
  return which | operation << 8U | result << 16U;
}

}  // namespace

std::vector<PerfEvent> perf_hardware_events() {
  constexpr std::uint32_t kType = PERF_TYPE_HARDWARE;
  return {
      {kType, PERF_COUNT_HW_CPU_CYCLES, "CpuCycles", "cpucycles_total", "Number of CPU cycles (frequency scaled)"},
      {kType, PERF_COUNT_HW_INSTRUCTIONS, "CpuInstr", "instructions_total", "Number of CPU instructions"},
      {kType, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "BranchInstr", "branch_instructions_total",
       "Number of CPU branch instructions"},
      {kType, PERF_COUNT_HW_BRANCH_MISSES, "BranchMisses", "branch_misses_total", "Number of CPU branch misses"},
      {kType, PERF_COUNT_HW_CACHE_REFERENCES, "CacheRef", "cache_refs_total",
       "Number of cache references (non frequency scaled)"},
      {kType, PERF_COUNT_HW_CACHE_MISSES, "CacheMisses", "cache_misses_total", "Number of cache misses"},
      {kType, PERF_COUNT_HW_REF_CPU_CYCLES, "RefCpuCycles", "ref_cpucycles_total", "Number of CPU cycles"},
      {kType, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, "StalledCyclesBackend", "stalled_cycles_backend_total",
       "Number of stalled backend CPU cycles"},
      {kType, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, "StalledCyclesFrontend", "stalled_cycles_frontend_total",
       "Number of stalled frontend CPU cycles"},
  };
}

std::vector<PerfEvent> perf_software_events() {
  constexpr std::uint32_t kType = PERF_TYPE_SOFTWARE;
  return {
      {kType, PERF_COUNT_SW_PAGE_FAULTS, "PageFault", "page_faults_total", "Number of page faults"},
      {kType, PERF_COUNT_SW_CONTEXT_SWITCHES, "ContextSwitch", "context_switches_total", "Number of context switches"},
      {kType, PERF_COUNT_SW_CPU_MIGRATIONS, "CpuMigration", "cpu_migrations_total", "Number of CPU process migrations"},
      {kType, PERF_COUNT_SW_PAGE_FAULTS_MIN, "MinorFault", "minor_faults_total", "Number of minor page faults"},
      {kType, PERF_COUNT_SW_PAGE_FAULTS_MAJ, "MajorFault", "major_faults_total", "Number of major page faults"},
  };
}

std::vector<PerfEvent> perf_cache_events() {
  constexpr std::uint32_t kType = PERF_TYPE_HW_CACHE;
  constexpr std::uint64_t kRead = PERF_COUNT_HW_CACHE_OP_READ, kWrite = PERF_COUNT_HW_CACHE_OP_WRITE,
                          kHit = PERF_COUNT_HW_CACHE_RESULT_ACCESS, kMiss = PERF_COUNT_HW_CACHE_RESULT_MISS;
  constexpr std::uint64_t kData = PERF_COUNT_HW_CACHE_L1D, kInstructions = PERF_COUNT_HW_CACHE_L1I,
                          kLast = PERF_COUNT_HW_CACHE_LL, kDataTlb = PERF_COUNT_HW_CACHE_DTLB,
                          kInstrTlb = PERF_COUNT_HW_CACHE_ITLB, kBranches = PERF_COUNT_HW_CACHE_BPU;
  return {
      {kType, cache(kData, kRead, kHit), "L1DataReadHit", "cache_l1d_read_hits_total",
       "Number L1 data cache read hits"},
      {kType, cache(kData, kRead, kMiss), "L1DataReadMiss", "cache_l1d_read_misses_total",
       "Number L1 data cache read misses"},
      {kType, cache(kData, kWrite, kHit), "L1DataWriteHit", "cache_l1d_write_hits_total",
       "Number L1 data cache write hits"},
      {kType, cache(kInstructions, kRead, kMiss), "L1InstrReadMiss", "cache_l1_instr_read_misses_total",
       "Number instruction L1 instruction read misses"},
      {kType, cache(kInstrTlb, kRead, kHit), "InstrTLBReadHit", "cache_tlb_instr_read_hits_total",
       "Number instruction TLB read hits"},
      {kType, cache(kInstrTlb, kRead, kMiss), "InstrTLBReadMiss", "cache_tlb_instr_read_misses_total",
       "Number instruction TLB read misses"},
      {kType, cache(kDataTlb, kRead, kHit), "DataTLBReadHit", "cache_tlb_data_read_hits_total",
       "Number of data TLB read hits"},
      {kType, cache(kDataTlb, kRead, kMiss), "DataTLBReadMiss", "cache_tlb_data_read_misses_total",
       "Number of data TLB read misses"},
      {kType, cache(kDataTlb, kWrite, kHit), "DataTLBWriteHit", "cache_tlb_data_write_hits_total",
       "Number of data TLB write hits"},
      {kType, cache(kDataTlb, kWrite, kMiss), "DataTLBWriteMiss", "cache_tlb_data_write_misses_total",
       "Number of data TLB write misses"},
      {kType, cache(kLast, kRead, kHit), "LLReadHit", "cache_ll_read_hits_total", "Number last level read hits"},
      {kType, cache(kLast, kRead, kMiss), "LLReadMiss", "cache_ll_read_misses_total", "Number last level read misses"},
      {kType, cache(kLast, kWrite, kHit), "LLWriteHit", "cache_ll_write_hits_total", "Number last level write hits"},
      {kType, cache(kLast, kWrite, kMiss), "LLWriteMiss", "cache_ll_write_misses_total",
       "Number last level write misses"},
      {kType, cache(kBranches, kRead, kHit), "BPUReadHit", "cache_bpu_read_hits_total", "Number BPU read hits"},
      {kType, cache(kBranches, kRead, kMiss), "BPUReadMiss", "cache_bpu_read_misses_total", "Number BPU read misses"},
  };
}

Result<PerfCounter> PerfCounter::open(const PerfEvent& event, int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.exclude_hv = 1;
  constexpr int kAllProcesses = -1, kNoGroup = -1;
  const long descriptor =
      ::syscall(SYS_perf_event_open, &attributes, kAllProcesses, cpu, kNoGroup, PERF_FLAG_FD_CLOEXEC);
  if (descriptor >= 0) return PerfCounter(static_cast<int>(descriptor));
  const int code = errno;
  const bool forbidden = code == EACCES || code == EPERM;
  return fail(code == EMFILE || code == ENFILE ? Errc::kLimit : Errc::kUnavailable, "perf event {} on CPU {}: {}{}",
              event.name, cpu, std::generic_category().message(code),
              forbidden ? "; it takes CAP_PERFMON, or kernel.perf_event_paranoid at 0 or less" : "");
}

PerfCounter::PerfCounter(PerfCounter&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

PerfCounter::~PerfCounter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::uint64_t> PerfCounter::read() const {
  std::uint64_t value = 0;
  if (::read(descriptor_, &value, sizeof(value)) != sizeof(value)) return fail(Errc::kIo, "cannot read a perf event");
  return value;
}

Result<std::vector<int>> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view range = part.substr(0, part.find(':'));
    const std::size_t dash = range.find('-');
    std::uint64_t first = 0, last = 0, step = 1;
    bool good = to_number(range.substr(0, dash), first);
    last = first;
    if (dash != std::string_view::npos) good = good && to_number(range.substr(dash + 1), last);
    if (range.size() < part.size()) {
      good = good && dash != std::string_view::npos && to_number(part.substr(range.size() + 1), step) && step > 0;
    }
    if (!good || last >= kMaxCpus)
      return fail(Errc::kInvalid, "--collector.perf.cpus: not a list of CPUs: \"{}\"", text);
    for (std::uint64_t cpu = first; cpu <= last; cpu += step) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

}  // namespace tocsin::exporters::node
