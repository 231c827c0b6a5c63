#pragma once
// Runs promqltest scripts against an engine and a store. Knows no test framework: the command line can use it too.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "promql/engine.hpp"
#include "storage/storage.hpp"
#include "support/promql_script.hpp"

namespace tocsin::test {

/// An empty store of its own; `clear` asks for a new one.
class PromqlTestStore {
 public:
  virtual ~PromqlTestStore() = default;
  virtual storage::Appendable& appendable() = 0;
  virtual storage::Queryable& queryable() = 0;
};
using MakePromqlTestStore = std::function<std::unique_ptr<PromqlTestStore>()>;

/// A MapStore.
std::unique_ptr<PromqlTestStore> make_map_test_store();

enum class EvalStatus { kPass, kFail, kUnsupported };

struct EvalReport {
  int line = 0;
  std::string expr;
  EvalStatus status = EvalStatus::kPass;
  std::string message;  // what differs, or what is not supported
};

struct ScriptReport {
  std::vector<EvalReport> evals;
  std::vector<std::string> errors;  // of the script: it cannot be read, or data cannot be loaded
  std::size_t count(EvalStatus status) const;
};

struct PromqlTestOptions {
  /// Each instant query also with `@` at several times, and as a range query: all must agree.
  bool variants = true;
};

/// The engine's settings for the scripts: all switches on, 10,000 samples.
promql::EngineOptions promql_test_engine_options();

ScriptReport run_promql_script(std::string_view text, const promql::Engine& engine, const MakePromqlTestStore& make,
                               const PromqlTestOptions& options = {});

}  // namespace tocsin::test
