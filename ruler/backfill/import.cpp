#include "backfill/import.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "backfill/block_maker.hpp"
#include "backfill/worker.hpp"
#include "base/strings.hpp"

namespace tocsin::backfill {
namespace {

constexpr std::size_t kMinBufferSamples = 64;

/// The folder of the temporary files: gone when the import is, however that ends. What a crash leaves is removed by
/// whoever opens the data directory, as the folders of unfinished blocks are.
class TemporaryFolder {
 public:
  TemporaryFolder(Fs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  ~TemporaryFolder() { (void)fs_.remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  Result<void> create() {
    TOCSIN_OK(fs_.remove_all(path_));
    return fs_.create_directories(path_);
  }
  const std::string& path() const { return path_; }

 private:
  Fs& fs_;
  const std::string path_;
};

/// Runs `work(i)` for each i below `count` on its own thread. @return the first error.
Result<void> on_threads(std::size_t count, const std::function<Result<void>(std::size_t)>& work) {
  std::vector<Result<void>> results(count);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&, i] { results[i] = work(i); });
    results[0] = work(0);
  }
  for (Result<void>& result : results) TOCSIN_OK(std::move(result));
  return {};
}

/// The import of one file: two passes.
class Import {
 public:
  Import(Fs& fs, std::string input, std::string folder, const ImportOptions& options)
      : fs_(fs),
        input_(std::move(input)),
        folder_(std::move(folder)),
        options_(options),
        duration_(to_ms(import_block_duration(options.max_block_duration))),
        threads_(std::max(options.threads, 1U)) {}

  /// The input becomes runs.
  Result<void> read(const std::string& temporary) {
    TOCSIN_TRY(pieces_, Pieces::open(fs_, input_, options_.piece_bytes));
    Worker::Options options{options_.labels, duration_, 0};
    options.buffer_samples =
        std::max(kMinBufferSamples, options_.buffer_bytes / threads_ / (2 * sizeof(SampleBuffer::Item)));
    for (unsigned i = 0; i < threads_; ++i) {
      workers_.push_back(std::make_unique<Worker>(*pieces_, options, fs_, fmt::format("{}/run-{}", temporary, i)));
    }
    TOCSIN_OK(on_threads(threads_, [this](std::size_t i) { return workers_[i]->run(); }));
    return input_verdict();
  }

  /// The runs become blocks.
  Result<std::vector<block::Meta>> write(Timestamp now, Rng& rng) {
    std::vector<SeriesTable*> tables;
    std::map<std::int64_t, std::vector<BlockPart>> blocks;
    std::vector<std::unique_ptr<RandomFile>> files;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      tables.push_back(&workers_[i]->table());
      TOCSIN_TRY(files.emplace_back(), fs_.open_random(workers_[i]->run_path()));
      for (const Segment& segment : workers_[i]->segments()) {
        blocks[segment.block].push_back({i, files.back().get(), &segment});
      }
    }
    const AllSeries series(tables);
    struct Job {
      std::vector<BlockPart> parts;
      block::Ulid ulid;
      block::Meta meta;
    };
    std::vector<Job> jobs;
    for (auto& [number, parts] : blocks) jobs.push_back({std::move(parts), block::Ulid::make(now, rng), {}});
    std::atomic<std::size_t> next = 0;
    const auto make_blocks = [&](std::size_t) -> Result<void> {
      for (std::size_t i; (i = next++) < jobs.size();) {
        Job& job = jobs[i];
        auto made = make_block(fs_, folder_, series, job.parts, duration_, job.ulid);
        if (!made) {
          next = jobs.size();
          return std::unexpected(std::move(made).error());
        }
        job.meta = std::move(*made);
      }
      return {};
    };
    if (auto done = on_threads(std::clamp<std::size_t>(jobs.size(), 1, threads_), make_blocks); !done) {
      // A file with a sample that cannot be gives no blocks at all.
      for (const Job& job : jobs) (void)fs_.remove_all(folder_ + "/" + job.ulid.text());
      return std::unexpected(std::move(done).error());
    }
    std::vector<block::Meta> out;
    for (Job& job : jobs) out.push_back(std::move(job.meta));
    return out;
  }

 private:
  /// What is wrong with the input at the foremost place.
  Result<void> input_verdict() const {
    const InputError* first = nullptr;
    for (const auto& worker : workers_) {
      const auto& error = worker->input_error();
      if (error && (first == nullptr || error->offset < first->offset)) first = &*error;
    }
    if (first == nullptr) return {};
    TOCSIN_TRY(const std::uint64_t lines, pieces_->lines_before(first->offset));
    return fail(Errc::kInvalid, "{}:{}:{}: {}: {}", input_, lines + 1, first->column, first->message,
                go_quote(first->excerpt));
  }

  Fs& fs_;
  const std::string input_, folder_;
  const ImportOptions& options_;
  const std::int64_t duration_;
  const unsigned threads_;
  std::unique_ptr<Pieces> pieces_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

Duration import_block_duration(Duration max_block_duration) {
  constexpr int kSteps = 10;
  Duration out = std::chrono::hours(2);
  for (int i = 1; i < kSteps && out * 3 <= max_block_duration; ++i) out *= 3;
  return out;
}

Result<void> import_openmetrics(Fs& fs, const std::string& input, const std::string& folder,
                                const ImportOptions& options, Timestamp now, Rng rng,
                                const std::function<void(const block::Meta&)>& each) {
  TOCSIN_OK(fs.create_directories(folder));
  TemporaryFolder temporary(
      fs, fmt::format("{}/import-{}{}", folder, block::Ulid::make(now, rng).text(), block::kCreationSuffix));
  TOCSIN_OK(temporary.create());
  Import import(fs, input, folder, options);
  TOCSIN_OK(import.read(temporary.path()));
  TOCSIN_TRY(const std::vector<block::Meta> blocks, import.write(now, rng));
  for (const block::Meta& meta : blocks) {
    if (meta.stats.series > 0) each(meta);
  }
  return {};
}

}  // namespace tocsin::backfill
