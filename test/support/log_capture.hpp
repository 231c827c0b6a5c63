#pragma once
// Collects log lines as long as it lives. Thread: lines may come from any; one capture at a time.

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::test {

class LogCapture {
 public:
  LogCapture() {
    clear();
    log::set_sink([](log::Level, std::string_view line) {
      Lines& all = lines_of_process();
      const MutexLock lock(all.mutex);
      all.lines.emplace_back(line);
    });
  }
  ~LogCapture() { log::set_sink(nullptr); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<std::string> lines() const {
    Lines& all = lines_of_process();
    const MutexLock lock(all.mutex);
    return all.lines;
  }
  bool contains(std::string_view text) const {
    const auto all = lines();
    return std::any_of(all.begin(), all.end(), [&](const std::string& l) { return l.find(text) != std::string::npos; });
  }
  void clear() {
    Lines& all = lines_of_process();
    const MutexLock lock(all.mutex);
    all.lines.clear();
  }

 private:
  struct Lines {
    Mutex mutex;
    std::vector<std::string> lines TOCSIN_GUARDED_BY(mutex);
  };
  static Lines& lines_of_process() {
    static Lines lines;
    return lines;
  }
};

}  // namespace tocsin::test
