#pragma once
// What is between an answer and the store: the body becomes a page, the page becomes samples. On a worker, in steps.

#include <optional>
#include <string>

#include "scrape/scrape_body.hpp"
#include "scrape/target_ingest.hpp"

namespace tocsin::scrape {

/// One scrape's. Thread: the loop's until the first step and after the last, the worker's within them.
class PageWork {
 public:
  /// Pages larger than this, or packed ones that turn out to be, are read one at a time: the other workers stay free.
  static constexpr std::size_t kHeavyBytes = 4U << 20U;

  PageWork(ScrapeInput input, ScrapeBody body) : input_(std::move(input)), body_(std::move(body)) {}

  ScrapeInput& input() { return input_; }
  ScrapeBody& body() { return body_; }
  /// There is an answer: its page comes with this Content-Type.
  void expect_page(std::string content_type);
  /// There is none, and this is why.
  void fail(std::string why) { input_.error = fetch_error_ = std::move(why); }

  /// Goes on for some milliseconds.
  /// @param heavy  this is the one page that may be heavy
  /// @return       nothing if there is more to do, in steps that are heavy
  std::optional<ScrapeOutcome> step(TargetIngest& ingest, storage::Appendable& storage, Clock& clock, bool heavy);

  /// Why there was no page: no answer, a wrong one, one that is too large or cannot be unpacked; "" if there was one,
  /// however wrong.
  const std::string& fetch_error() const { return fetch_error_; }
  std::size_t page_bytes() const { return page_bytes_; }

 private:
  void read_body();

  ScrapeInput input_;
  ScrapeBody body_;
  std::optional<std::string> content_type_;  // of the body that is to be unpacked
  std::string fetch_error_;
  std::size_t page_bytes_ = 0;
};

}  // namespace tocsin::scrape
