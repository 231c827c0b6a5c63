#include "api/posted_alerts.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "alerting/api_json.hpp"
#include "base/json_scan.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "model/label_encoding.hpp"

namespace tocsin::api {
namespace {

constexpr Timestamp kGoZeroTime = -62'135'596'800'000;

/// More are nobody's, and to sort them would take its time.
constexpr std::size_t kMostTexts = 256;

enum class Texts { kLabels, kAnnotations };  // an empty annotation is one, an empty label is none

/// Every method is false where the body is not plain; then nothing it gave is of use.
class PlainReader {
 public:
  PlainReader(std::string_view body, Timestamp now, Duration resolve_timeout)
      : at_(body.data()), end_(body.data() + body.size()), now_(now), resolve_timeout_(resolve_timeout) {}

  bool alerts(std::vector<model::AlertPtr>& out) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      auto alert = std::make_shared<model::Alert>();
      if (!this->alert(*alert)) return false;
      out.push_back(std::move(alert));
    } while (take(','));
    return take(']');
  }

 private:
  /// The next character that is no blank, if it is this one.
  bool take(char wanted) {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  bool alert(model::Alert& alert) {
    static constexpr std::array<std::string_view, 5> kMembers = {"labels", "annotations", "startsAt", "endsAt",
                                                                 "generatorURL"};
    unsigned seen = 0;
    std::string_view text;
    if (!take('{')) return false;
    do {
      if (!string(text) || !take(':')) return false;
      const auto member = static_cast<std::size_t>(std::ranges::find(kMembers, text) - kMembers.begin());
      if (member == kMembers.size() || (seen & 1U << member) != 0) return false;
      seen |= 1U << member;
      if (member == 0) {
        if (!texts(alert.labels, Texts::kLabels)) return false;
      } else if (member == 1) {
        if (!texts(alert.annotations, Texts::kAnnotations)) return false;
      } else if (!string(text)) {
        return false;
      } else if (member == 4) {
        alert.generator_url = text;
      } else if (!read_posted_time(text, member == 2 ? alert.starts_at : alert.ends_at)) {
        return false;
      }
    } while (take(','));
    if (!take('}') || alert.labels.empty()) return false;
    return complete(alert, now_, resolve_timeout_);
  }

  bool texts(model::Labels& out, Texts kind) {
    labels_.clear();
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      model::LabelView label;
      if (!string(label.name) || !take(':') || !string(label.value)) return false;
      if (label.name.empty() || label.name.size() > kMaxPostedText || label.value.size() > kMaxPostedText) return false;
      if (labels_.size() == kMostTexts) return false;
      labels_.push_back(label);
    } while (take(','));
    return take('}') && encode(out, kind);
  }

  bool encode(model::Labels& out, Texts kind) {
    std::ranges::sort(labels_, {}, &model::LabelView::name);
    if (std::ranges::adjacent_find(labels_, {}, &model::LabelView::name) != labels_.end()) return false;
    if (kind == Texts::kLabels)
      std::erase_if(labels_, [](const model::LabelView& label) { return label.value.empty(); });
    std::size_t size = 0;
    for (const model::LabelView& label : labels_) size += model::encoded_size(label);
    std::string bytes;
    bytes.resize_and_overwrite(size, [this, size](char* at, std::size_t) {
      for (const model::LabelView& label : labels_) at = model::write_label(at, label);
      return size;
    });
    out = model::Labels::from_encoded(std::move(bytes));
    return true;
  }

  /// A view into the body or, if it has escapes, into unescaped_.
  bool string(std::string_view& out) {
    if (!take('"')) return false;
    const char* const begin = at_;
    bool is_ascii = true;
    while (true) {
      at_ = json_plain_end<JsonPlain::kAll>(at_, end_);
      if (at_ == end_ || static_cast<unsigned char>(*at_) < ' ') return false;
      if (*at_ == '"') break;
      if (*at_ == '\\') return unescape(begin, out);
      is_ascii = false;
      ++at_;
    }
    out = {begin, at_++};
    return is_ascii || is_valid_utf8(out);
  }

  /// From the first escape on, at at_.
  bool unescape(const char* begin, std::string_view& out) {
    // A text is no longer than its escapes: what views were given of does not move.
    if (unescaped_.empty()) unescaped_.reserve(static_cast<std::size_t>(end_ - begin));
    const std::size_t first = unescaped_.size();
    unescaped_.append(begin, at_);
    while (*at_ != '"') {
      if (*at_ == '\\') {
        if (!escape()) return false;
      } else if (static_cast<unsigned char>(*at_) < ' ') {
        return false;
      } else {
        unescaped_ += *at_++;  // a plain one, or a byte beyond ASCII
      }
      const char* const next = json_plain_end<JsonPlain::kAll>(at_, end_);
      unescaped_.append(at_, next);
      at_ = next;
      if (at_ == end_) return false;
    }
    ++at_;
    out = std::string_view(unescaped_).substr(first);
    return is_valid_utf8(out);
  }

  bool escape() {
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (end_ - at_ < 2) return false;
    const char letter = at_[1];
    at_ += 2;
    if (letter == 'u') return code_unit();
    const std::size_t place = kLetters.find(letter);
    if (place == std::string_view::npos) return false;
    unescaped_ += kMeanings[place];
    return true;
  }

  /// Four digits; halves of a character are left to the tree.
  bool code_unit() {
    if (end_ - at_ < 4) return false;
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_++;
      const char low = static_cast<char>(c | 0x20);
      const bool digit = c >= '0' && c <= '9';
      if (!digit && (low < 'a' || low > 'f')) return false;
      code = code << 4U | static_cast<std::uint32_t>(digit ? c - '0' : low - 'a' + 10);
    }
    if (code >= 0xd800 && code <= 0xdfff) return false;
    append_utf8(unescaped_, code);
    return true;
  }

  const char* at_;
  const char* const end_;
  const Timestamp now_;
  const Duration resolve_timeout_;
  std::vector<model::LabelView> labels_;
  std::string unescaped_;
};

}  // namespace

std::optional<PostedAlerts> read_plain_alerts(std::string_view body, Timestamp now, Duration resolve_timeout) {
  PostedAlerts posted;
  if (!PlainReader(body, now, resolve_timeout).alerts(posted.valid)) return std::nullopt;
  return posted;
}

bool read_posted_time(std::string_view text, Timestamp& out) {
  if (text.empty()) return true;
  if (!alerting::parse_api_time(text, out)) return false;
  if (out == kGoZeroTime) out = 0;
  return true;
}

bool complete(model::Alert& alert, Timestamp now, Duration resolve_timeout) {
  alert.updated_at = now;
  if (alert.starts_at == 0) alert.starts_at = alert.ends_at != 0 ? alert.ends_at : now;
  if (alert.ends_at == 0 && resolve_timeout > Duration::zero()) {
    alert.ends_at = now + to_ms(resolve_timeout);
    alert.timeout = true;
  }
  return alert.ends_at == 0 || alert.ends_at >= alert.starts_at;
}

}  // namespace tocsin::api
