#include "scrape/scrape_body.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::scrape {
namespace {

constexpr std::size_t kMinPiece = 16U << 10U;
constexpr std::size_t kMaxPiece = 8U << 20U;

}  // namespace

std::string& ByteQueue::tail() {
  if (pieces_.empty() || pieces_.back().size() == pieces_.back().capacity()) {
    const std::size_t wanted = pieces_.empty() ? expected_ : size();
    done_ = size();
    pieces_.emplace_back();
    pieces_.back().reserve(std::clamp(wanted, kMinPiece, kMaxPiece));
  }
  return pieces_.back();
}

std::size_t ByteQueue::room() {
  const std::string& last = tail();
  return last.capacity() - last.size();
}

void ByteQueue::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, room());
    tail().append(now);
    bytes.remove_prefix(now.size());
  }
}

std::string ByteQueue::join() {
  std::string out;
  if (pieces_.size() == 1) {
    out = std::move(pieces_.front());
  } else if (!pieces_.empty()) {
    out.reserve(size());
    for (std::string& piece : pieces_) {
      out += piece;
      std::string().swap(piece);
    }
  }
  pieces_.clear();
  done_ = 0;
  return out;
}

ScrapeBody::ScrapeBody(std::shared_ptr<BodyBudget> budget, std::uint64_t size_limit, std::size_t expected)
    : lease_(std::move(budget)),
      limit_(size_limit == 0 ? kMaxBodyBytes : size_limit),
      raw_(expected + expected / 16),
      text_(expected + expected / 16) {}

void ScrapeBody::refuse(std::string_view why) {
  failure_ = why;
  release();
}

void ScrapeBody::admit(std::size_t more_bytes, std::size_t size, std::size_t limit) {
  if (size >= limit) {
    refuse(kBodySizeLimitError);
  } else if (!lease_.grow(more_bytes)) {
    refuse("the memory for the bodies of all scrapes is used up");
  }
}

bool ScrapeBody::take(std::string_view piece) {
  if (!failure_.empty()) return false;
  // The limit is on the page. What comes may be packed, and that makes it a little larger at worst.
  admit(piece.size(), raw_.size() + piece.size(), limit_ + limit_ / 1024 + 256);
  if (!failure_.empty()) return false;
  raw_.append(piece);
  return true;
}

bool ScrapeBody::unpack(std::size_t bytes) {
  if (!failure_.empty()) return true;
  if (!gunzip_) {
    admit(0, raw_.size(), limit_);
    page_ = raw_.join();
    return true;
  }
  bool is_done = false;
  for (std::size_t done = 0; done < bytes;) {
    if (rest_.empty() && next_piece_ < raw_.pieces().size()) rest_ = raw_.pieces()[next_piece_++];
    const std::size_t packed = rest_.size(), had = text_.size();
    const std::size_t room = std::min(text_.room(), bytes - done);
    Result<void> fine = gunzip_->step(rest_, text_.tail(), room);
    const std::size_t got = text_.size() - had;
    done += std::max(got, packed - rest_.size());
    if (fine && got < room && next_piece_ == raw_.pieces().size()) {
      fine = gunzip_->finish();
      if (fine) page_ = text_.join();
      is_done = true;
    }
    admit(got, had + got, limit_);
    if (!fine && failure_.empty()) refuse(fine.error().message);
    if (is_done || !failure_.empty()) return true;
  }
  return false;
}

void ScrapeBody::release() {
  std::string().swap(page_);
  raw_ = ByteQueue();
  text_ = ByteQueue();
  rest_ = {};
  lease_.release();
}

}  // namespace tocsin::scrape
