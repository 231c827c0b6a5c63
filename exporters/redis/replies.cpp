#include "exporters/redis/replies.hpp"

#include <charconv>

#include "base/check.hpp"
#include "base/strings.hpp"

namespace tocsin::exporters::redis {
namespace {

constexpr std::size_t kMaxLineBytes = 64U << 10U;  // a line holds a number, a status or an error

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Result<bool> advanced(Result<void> step) {
  TOCSIN_OK(step);
  return true;
}

}  // namespace

Result<void> Replies::feed(std::string_view bytes) {
  if (bytes.size() > limits_.bytes - bytes_.size()) {
    return fail(Errc::kLimit, "the answers have more than {} bytes", limits_.bytes);
  }
  bytes_.append(bytes);
  for (;;) {
    if (done()) {
      if (at_ < bytes_.size()) return fail(Errc::kCorrupt, "the server sent more than it was asked for");
      return {};
    }
    TOCSIN_TRY(const bool advanced, step());
    if (!advanced) return {};
  }
}

/// Understands one line, or the rest of a text. False: more bytes are needed.
Result<bool> Replies::step() {
  if (bulk_) return step_bulk();
  const std::size_t newline = bytes_.find('\n', std::max(at_, searched_));
  if (newline == std::string::npos) {
    searched_ = bytes_.size();
    if (bytes_.size() - at_ > kMaxLineBytes) return fail(Errc::kCorrupt, "a line of RESP does not end");
    return false;
  }
  const std::string_view line = std::string_view(bytes_).substr(at_, newline - at_);
  if (line.size() < 2 || !line.ends_with('\r')) {
    return fail(Errc::kCorrupt, "not RESP: {}", go_quote(line.substr(0, 32)));
  }
  const std::string_view rest = line.substr(1, line.size() - 2);
  const auto offset = static_cast<std::uint32_t>(at_ + 1);
  const auto length = static_cast<std::uint32_t>(rest.size());
  const char type = line.front();
  at_ = newline + 1;
  if (type == '+') return advanced(add({.kind = Kind::kText, .offset = offset, .length = length}));
  if (type == '-') return advanced(add({.kind = Kind::kError, .offset = offset, .length = length}));
  const auto number = to_integer(rest);
  if ((type != ':' && type != '$' && type != '*') || !number) {
    return fail(Errc::kCorrupt, "not RESP: {}", go_quote(line.substr(0, 32)));
  }
  if (type == ':') return advanced(add({.kind = Kind::kInteger, .integer = *number}));
  if (*number == -1) return advanced(add({}));
  if (*number < 0) return fail(Errc::kCorrupt, "not RESP: {}", go_quote(line.substr(0, 32)));
  if (type == '*') return advanced(start_array(*number));
  if (static_cast<std::uint64_t>(*number) > limits_.bytes) {
    return fail(Errc::kLimit, "the answers have more than {} bytes", limits_.bytes);
  }
  bulk_ = static_cast<std::size_t>(*number);
  return true;
}

Result<bool> Replies::step_bulk() {
  if (bytes_.size() - at_ < *bulk_ + 2) return false;
  if (bytes_[at_ + *bulk_] != '\r' || bytes_[at_ + *bulk_ + 1] != '\n') {
    return fail(Errc::kCorrupt, "not RESP: a text of {} bytes does not end there", *bulk_);
  }
  const Value value{
      .kind = Kind::kText, .offset = static_cast<std::uint32_t>(at_), .length = static_cast<std::uint32_t>(*bulk_)};
  at_ += *bulk_ + 2;
  bulk_.reset();
  return advanced(add(value));
}

Result<void> Replies::start_array(std::int64_t count) {
  if (static_cast<std::uint64_t>(count) > limits_.values) {
    return fail(Errc::kLimit, "the answers have more than {} values", limits_.values);
  }
  if (open_.size() >= limits_.depth) return fail(Errc::kLimit, "arrays lie deeper than {}", limits_.depth);
  const auto index = static_cast<std::uint32_t>(tape_.size());
  TOCSIN_OK(add({.kind = Kind::kArray, .count = static_cast<std::uint32_t>(count)}));
  open_.push_back({index, static_cast<std::uint32_t>(count)});
  close_arrays();
  return {};
}

Result<void> Replies::add(Value value) {
  if (tape_.size() >= limits_.values) {
    return fail(Errc::kLimit, "the answers have more than {} values", limits_.values);
  }
  const auto index = static_cast<std::uint32_t>(tape_.size());
  value.end = index + 1;
  const bool is_array = value.kind == Kind::kArray;
  tape_.push_back(value);
  if (open_.empty()) {
    tops_.push_back(index);
  } else {
    --open_.back().missing;
  }
  if (!is_array) close_arrays();
  return {};
}

void Replies::close_arrays() {
  while (!open_.empty() && open_.back().missing == 0) {
    tape_[open_.back().index].end = static_cast<std::uint32_t>(tape_.size());
    open_.pop_back();
  }
}

Reply Replies::at(std::size_t index) const {
  check(index < tops_.size() && done(), "BUG: an answer that is not there");
  return Reply(*this, tops_[index]);
}

std::optional<std::int64_t> Reply::integer() const {
  if (kind() == Kind::kInteger) return value().integer;
  if (kind() == Kind::kText) return to_integer(text());
  return std::nullopt;
}

std::optional<Reply> Reply::at(std::size_t place) const {
  if (place >= size()) return std::nullopt;
  std::uint32_t index = index_ + 1;
  for (; place > 0; --place) index = replies_->tape_[index].end;
  return Reply(*replies_, index);
}

std::optional<Reply> Reply::find(std::string_view key) const {
  std::optional<Reply> found;
  each_pair([&](const Reply& name, const Reply& element) {
    if (!found && name.text() == key) found = element;
  });
  return found;
}

std::string_view Reply::text_of(std::string_view key) const {
  const auto found = find(key);
  return found ? found->text() : std::string_view();
}

}  // namespace tocsin::exporters::redis
