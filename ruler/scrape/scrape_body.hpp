#pragma once
// The bytes of an answer, from the socket to the page: they come in pieces, are limited while they come, and are joined
// and decompressed bit by bit, so that neither the loop nor a worker is held up by a large or hostile body.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/gzip.hpp"
#include "scrape/body_budget.hpp"

namespace tocsin::scrape {

inline constexpr std::string_view kBodySizeLimitError = "body size limit exceeded";

/// Without a limit of its own a page is still not taken without end.
inline constexpr std::size_t kMaxBodyBytes = 512U << 20U;

/// Bytes that grow without being moved. Thread: one at a time.
class ByteQueue {
 public:
  /// @param expected  how many there will be, if one knows
  explicit ByteQueue(std::size_t expected = 0) : expected_(expected) {}
  void append(std::string_view bytes);
  /// Where more may be appended, with room for at least one byte.
  std::string& tail();
  /// What tail() has room for.
  std::size_t room();
  std::size_t size() const { return done_ + (pieces_.empty() ? 0 : pieces_.back().size()); }
  std::vector<std::string>& pieces() { return pieces_; }
  /// All in one; the pieces go as they are copied.
  std::string join();

 private:
  std::size_t expected_;
  std::size_t done_ = 0;  // bytes before the last piece
  std::vector<std::string> pieces_;
};

/// Thread: the loop's while bytes come (take()), then the worker's (unpack()).
class ScrapeBody {
 public:
  /// @param size_limit  body_size_limit, 0 for none: a page of that size is too large already, as in Prometheus
  /// @param expected    size of the last page
  ScrapeBody(std::shared_ptr<BodyBudget> budget, std::uint64_t size_limit, std::size_t expected);

  /// A piece of the answer's body. False if it is too much: failure() says why.
  bool take(std::string_view piece);
  bool got_some() const { return raw_.size() > 0; }
  /// Decompress what came. Call before unpack().
  void expect_gzip() { gunzip_.emplace(); }
  /// "" as long as all is well.
  const std::string& failure() const { return failure_; }

  /// Goes on for about so many bytes. True once page() is there, or failure() is.
  bool unpack(std::size_t bytes);
  std::string& page() { return page_; }
  /// The page is not needed any more.
  void release();

 private:
  void refuse(std::string_view why);
  void admit(std::size_t more_bytes, std::size_t size, std::size_t limit);

  BodyLease lease_;
  const std::size_t limit_;  // sizes from here on are refused
  ByteQueue raw_;            // as it came
  std::optional<net::Gunzip> gunzip_;
  std::size_t next_piece_ = 0;
  std::string_view rest_;  // of the piece before next_piece_
  ByteQueue text_;
  std::string page_;
  std::string failure_;
};

}  // namespace tocsin::scrape
