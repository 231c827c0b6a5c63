#include "promql/series_crew.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <utility>
#include <vector>

#include "base/thread_annotations.hpp"

namespace tocsin::promql {
namespace {

constexpr std::size_t kMostHelpers = 7;
constexpr std::size_t kMostSeriesInRun = 256;
/// A run is as much work as a fifth of what is done before anybody is asked, and no more than about 0.2 ms: runs wait
/// for their turn with all that was found.
constexpr std::uint64_t kRunsBefore = 5;
constexpr std::uint64_t kMostWorkOfRun = 40'000;
/// What a series costs beside its samples and steps, in about samples.
constexpr std::uint64_t kWorkOfSeries = 32;

}  // namespace

/// A worker with a context of its own.
class SeriesCrew::Member {
 public:
  /// @param abandoned  whether nobody wants its results any more; nullptr: on the query's thread, which knows.
  Member(QueryContext& whole, const std::atomic<bool>* abandoned, const MakeSeriesWorker& make)
      : context_(whole, abandoned), worker_(make(context_)) {}

  void open() { worker_->open(); }
  /// From now on keeps the id of each last series of `length` of them.
  void mark_each(std::size_t length) {
    mark_length_ = length;
    until_mark_ = length;
  }
  std::optional<std::uint64_t> take_mark() {
    if (marks_.empty()) return std::nullopt;
    const std::uint64_t id = marks_.front();
    marks_.pop_front();
    return id;
  }
  Result<bool> advance() {
    TOCSIN_TRY(const bool more, worker_->advance());
    if (!more) return false;
    ++passed_;
    if (mark_length_ != 0 && --until_mark_ == 0) {
      marks_.push_back(worker_->id());
      until_mark_ = mark_length_;
    }
    return true;
  }
  /// Series that it passed, the one at hand among them.
  std::size_t passed() const { return passed_; }
  std::uint64_t id() const { return worker_->id(); }

  /// On the series at hand.
  Result<void> work(SeriesResult& out) {
    context_.begin_part();
    TOCSIN_OK(worker_->work(out));
    out.notes = context_.take_annotations();
    out.held_most = context_.most_held_of_part();
    out.held = context_.held();
    out.decoded = std::exchange(context_.stats().samples_decoded, 0);
    return {};
  }

  Result<void> pass_over(std::size_t series) {
    for (bool more = true; more && passed_ < series;) {
      TOCSIN_OK(context_.spend(1));
      TOCSIN_TRY(more, advance());
    }
    return {};
  }

 private:
  QueryContext context_;
  std::unique_ptr<SeriesWorker> worker_;
  std::size_t passed_ = 0;
  std::size_t mark_length_ = 0, until_mark_ = 0;  // 0: none
  std::deque<std::uint64_t> marks_;               // that nobody took yet
};

/// Some series in a row.
struct SeriesCrew::Run {
  std::size_t number = 0;
  std::vector<SeriesResult> results;  // the first `count` of them
  std::size_t count = 0;
  std::uint64_t last_id = 0;   // of the last series, if it is full
  bool ends = false;           // the selection, or by an error
  std::optional<Error> error;  // of the series behind the last one
};

/// What the query's thread and its helpers share. Thread: any.
class SeriesCrew::Board {
 public:
  /// @param first   number of the first series of the first run.
  /// @param length  series of a run.
  Board(std::size_t first, std::size_t length) : first_(first), length_(length) {}

  std::size_t begin_of(std::size_t run) const { return first_ + run * length_; }
  std::size_t length() const { return length_; }
  const std::atomic<bool>& abandoned() const { return abandoned_; }

  /// One that waits for a helper: nullptr if all are at work.
  Member* take_idle() {
    const MutexLock lock(mutex_);
    if (idle_.empty()) return nullptr;
    Member* const member = idle_.back();
    idle_.pop_back();
    ++helping_;
    return member;
  }
  Member* add(std::unique_ptr<Member> member) {
    const MutexLock lock(mutex_);
    ++helping_;
    return members_.emplace_back(std::move(member)).get();
  }
  std::size_t members() const {
    const MutexLock lock(mutex_);
    return members_.size();
  }
  void leave(Member* member) {
    const MutexLock lock(mutex_);
    idle_.push_back(member);
    --helping_;
    changed_.notify_all();
  }

  /// There is something to do that nobody does.
  bool wants_help() const {
    const MutexLock lock(mutex_);
    return may_claim();
  }
  /// A helper's work, until there is no more of it for now or its core is wanted.
  void help(Member& member, const Helpers& helpers) {
    while (const auto number = claim()) {
      deliver(work_on(member, *number));
      if (!helpers.spare()) return;
    }
  }

  /// The run whose turn it is; works on others as long as it is not there.
  std::unique_ptr<Run> take_next(Member& own) {
    for (;;) {
      if (auto run = take_ready()) return run;
      if (const auto number = claim()) deliver(work_on(own, *number));
    }
  }
  void take_back(std::unique_ptr<Run> run) {
    const MutexLock lock(mutex_);
    used_.push_back(std::move(run));
  }

  /// Whoever helps is told to end; returns when all have.
  void disband() {
    abandoned_.store(true, std::memory_order_relaxed);
    const MutexLock lock(mutex_);
    while (helping_ > 0) changed_.wait(mutex_);
    members_.clear();
    idle_.clear();
    ready_.clear();
  }

 private:
  /// Runs that wait for their turn are few, whoever is slow.
  bool may_claim() const TOCSIN_REQUIRES(mutex_) {
    const bool all_claimed = end_ && next_ > *end_;
    return !all_claimed && next_ < turn_ + 2 * (members_.size() + 1);
  }
  /// A run that nobody took, if there is one to take now.
  std::optional<std::size_t> claim() {
    const MutexLock lock(mutex_);
    if (abandoned_.load(std::memory_order_relaxed) || !may_claim()) return std::nullopt;
    return next_++;
  }

  /// nullptr if there is a run to claim; else waits for the one whose turn it is.
  std::unique_ptr<Run> take_ready() {
    const MutexLock lock(mutex_);
    for (;;) {
      const auto found = ready_.find(turn_);
      if (found != ready_.end()) {
        std::unique_ptr<Run> run = std::move(found->second);
        ready_.erase(found);
        ++turn_;
        return run;
      }
      if (may_claim()) return nullptr;
      changed_.wait(mutex_);
    }
  }

  std::unique_ptr<Run> blank(std::size_t number) {
    std::unique_ptr<Run> run;
    {
      const MutexLock lock(mutex_);
      if (!used_.empty()) {
        run = std::move(used_.back());
        used_.pop_back();
      }
    }
    if (!run) run = std::make_unique<Run>();
    run->results.resize(length_);
    run->number = number;
    run->count = 0;
    run->ends = false;
    return run;
  }

  std::unique_ptr<Run> work_on(Member& member, std::size_t number) {
    std::unique_ptr<Run> run = blank(number);
    if (auto done = work_on(member, *run); !done) {
      run->error = std::move(done).error();
      run->ends = true;
    }
    return run;
  }
  Result<void> work_on(Member& member, Run& run) const {
    TOCSIN_OK(member.pass_over(begin_of(run.number)));
    for (; run.count < length_; ++run.count) {
      TOCSIN_TRY(const bool more, member.advance());
      if (!more) {
        run.ends = true;
        return {};
      }
      TOCSIN_OK(member.work(run.results[run.count]));
    }
    run.last_id = member.id();
    return {};
  }

  void deliver(std::unique_ptr<Run> run) {
    const MutexLock lock(mutex_);
    if (run->ends) end_ = end_ ? std::min(*end_, run->number) : run->number;
    ready_[run->number] = std::move(run);
    changed_.notify_all();
  }

  const std::size_t first_, length_;
  std::atomic<bool> abandoned_{false};
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Member>> members_ TOCSIN_GUARDED_BY(mutex_);  // all but the query's own
  std::vector<Member*> idle_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t helping_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t next_ TOCSIN_GUARDED_BY(mutex_) = 0;            // the first run that nobody took
  std::size_t turn_ TOCSIN_GUARDED_BY(mutex_) = 0;            // the run that comes next
  std::optional<std::size_t> end_ TOCSIN_GUARDED_BY(mutex_);  // the run with which all ends
  std::map<std::size_t, std::unique_ptr<Run>> ready_ TOCSIN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Run>> used_ TOCSIN_GUARDED_BY(mutex_);
};

SeriesCrew::SeriesCrew(QueryContext& context, std::size_t steps, bool splitting, MakeSeriesWorker make)
    : context_(context),
      steps_(steps),
      make_(std::move(make)),
      held_(context),
      own_(std::make_unique<Member>(context, nullptr, make_)),
      helpers_(splitting ? context.settings().helpers : nullptr) {}

SeriesCrew::~SeriesCrew() {
  if (board_) board_->disband();
}

Result<bool> SeriesCrew::next(SeriesResult& out) {
  held_.clear();
  TOCSIN_TRY(const bool more, board_ ? next_of_run(out) : next_alone(out));
  if (!more) return false;
  TOCSIN_OK(settle(out));
  return true;
}

Result<bool> SeriesCrew::next_alone(SeriesResult& out) {
  TOCSIN_TRY(const bool more, own_->advance());
  if (!more) return false;
  TOCSIN_OK(own_->work(out));
  ++series_;
  if (helpers_ == nullptr) return true;
  work_ += kWorkOfSeries + out.decoded + steps_;
  if (out.any && out.column.has_histograms()) work_ += samples_in(out.column);
  if (work_ >= context_.settings().help_from && helpers_->idle()) form_crew();
  return true;
}

void SeriesCrew::form_crew() {
  const std::uint64_t work_of_series = std::max<std::uint64_t>(1, work_ / series_);
  const std::uint64_t work_of_run = std::min(context_.settings().help_from / kRunsBefore, kMostWorkOfRun);
  const auto length = static_cast<std::size_t>(work_of_run / work_of_series);
  board_ = std::make_shared<Board>(series_, std::clamp<std::size_t>(length, 1, kMostSeriesInRun));
  own_->mark_each(board_->length());
}

/// Of a helper: says that it has ended, also if it never began.
struct SeriesCrew::Leaving {
  Leaving(std::shared_ptr<Board> on, Member* who) : board(std::move(on)), member(who) {}
  Leaving(Leaving&& other) noexcept : board(std::move(other.board)), member(other.member) {}
  Leaving& operator=(Leaving&&) = delete;
  ~Leaving() {
    if (board) board->leave(member);
  }
  std::shared_ptr<Board> board;
  Member* member;
};

void SeriesCrew::ask_for_help() {
  while (helpers_->idle() && board_->wants_help()) {
    Member* member = board_->take_idle();
    if (member == nullptr) {
      if (board_->members() == kMostHelpers) return;
      auto fresh = std::make_unique<Member>(context_, &board_->abandoned(), make_);
      fresh->open();
      member = board_->add(std::move(fresh));
    }
    Job job = [leaving = Leaving(board_, member), helpers = helpers_] {
      leaving.board->help(*leaving.member, *helpers);
    };
    if (!helpers_->start(std::move(job))) return;
  }
}

Result<bool> SeriesCrew::next_of_run(SeriesResult& out) {
  while (!run_ || at_in_run_ == run_->count) {
    if (run_ && run_->error) return fail(std::move(*run_->error));
    if (run_ && run_->ends) return false;
    TOCSIN_OK(take_run());
  }
  // Not swapped: arrays of the query's arena would come to a helper.
  out = std::move(run_->results[at_in_run_++]);
  return true;
}

Result<void> SeriesCrew::take_run() {
  if (run_) board_->take_back(std::move(run_));
  ask_for_help();
  run_ = board_->take_next(*own_);
  at_in_run_ = 0;
  return follow(*run_);
}

Result<void> SeriesCrew::follow(const Run& run) {
  if (run.error) return {};
  const std::size_t end = board_->begin_of(run.number) + run.count;
  TOCSIN_OK(own_->pass_over(end));
  bool same = own_->passed() >= end;
  if (!run.ends) {
    same &= own_->take_mark() == run.last_id;
  } else if (same) {
    TOCSIN_TRY(const bool more, own_->advance());
    same = !more && own_->passed() == end;
  }
  if (same) return {};
  context_.note_unstable();
  return fail(Errc::kInternal, "two selections of one snapshot differ");
}

Result<void> SeriesCrew::settle(SeriesResult& result) {
  context_.stats().samples_decoded += result.decoded;
  if (result.notes) context_.annotations().merge(*std::exchange(result.notes, nullptr));
  TOCSIN_OK(context_.spend(steps_));
  TOCSIN_OK(held_.add(result.held_most));
  held_.remove(result.held_most - result.held);
  return {};
}

}  // namespace tocsin::promql
