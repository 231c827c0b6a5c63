#pragma once
// Runs promqltest scripts against an engine and a store: `tocsinctl test promql`, and the project's own tests.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promql/engine.hpp"
#include "promqltest/script.hpp"
#include "storage/storage.hpp"

namespace tocsin::promqltest {

/// An empty store of its own; `clear` asks for a new one.
class Store {
 public:
  virtual ~Store() = default;
  virtual storage::Appendable& appendable() = 0;
  virtual storage::Queryable& queryable() = 0;
};
using MakeStore = std::function<Result<std::unique_ptr<Store>>()>;

enum class EvalStatus { kPass, kFail };

struct EvalReport {
  int line = 0;
  std::string expr;
  EvalStatus status = EvalStatus::kPass;
  std::string message;  // what differs
};

struct ScriptReport {
  std::optional<ScriptError> unreadable;  // then nothing was run
  std::vector<EvalReport> evals;
  std::vector<ScriptError> failed_loads;  // data that the store did not take, or no store
  std::size_t count(EvalStatus status) const;
};

struct RunOptions {
  /// Each instant query also with `@` at several times, and as a range query: all must agree.
  bool variants = true;
  ScriptLimits limits;
};

/// The engine's settings for the scripts: all switches on, 10,000 samples, as Prometheus runs its own.
promql::EngineOptions script_engine_options();

/// Thread: any; runs to the end of the script.
ScriptReport run_script(std::string_view text, const promql::Engine& engine, const MakeStore& make,
                        const RunOptions& options = {});

}  // namespace tocsin::promqltest
