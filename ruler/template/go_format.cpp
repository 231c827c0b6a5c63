#include "template/go_format.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "template/go_format_writer.hpp"

namespace tocsin::tmpl {

namespace {

constexpr int kMaxWidth = 1'000'000;  // Go's limit for widths and precisions

/// Reads a format string and feeds the writer.
class Printer {
 public:
  Printer(std::string_view format, Args args) : format_(format), args_(args) {}
  Result<std::string> run();

 private:
  bool at(char c) const { return i_ < format_.size() && format_[i_] == c; }
  void directive();
  void flags();
  void argument_index();
  bool number(int& out);
  bool number_from_argument(int& out);
  void width();
  void precision();
  void verb();
  void extra_arguments();

  std::string_view format_;
  Args args_;
  FormatWriter writer_;
  std::size_t i_ = 0;
  std::size_t arg_ = 0;
  bool reordered_ = false, good_index_ = true, after_index_ = false;
};

Result<std::string> finish(FormatWriter& writer) {
  if (writer.overflow()) return fail(Errc::kLimit, "text is longer than the limit of {} bytes", kMaxTextBytes);
  return writer.take();
}

Result<std::string> Printer::run() {
  while (i_ < format_.size() && !writer_.overflow()) {
    const std::size_t percent = std::min(format_.find('%', i_), format_.size());
    writer_.raw(format_.substr(i_, percent - i_));
    i_ = percent + 1;
    if (percent < format_.size()) directive();
  }
  if (!reordered_ && arg_ < args_.size()) extra_arguments();
  return finish(writer_);
}

void Printer::directive() {
  writer_.spec = FormatSpec{};
  good_index_ = true;
  after_index_ = false;
  flags();
  argument_index();
  width();
  precision();
  if (!after_index_) argument_index();
  if (i_ >= format_.size()) {
    writer_.raw("%!(NOVERB)");
    return;
  }
  verb();
}

void Printer::flags() {
  FormatSpec& spec = writer_.spec;
  for (; i_ < format_.size(); ++i_) {
    switch (format_[i_]) {
      case '#':
        spec.sharp = true;
        break;
      case '0':
        spec.zero = true;
        break;
      case '+':
        spec.plus = true;
        break;
      case '-':
        spec.minus = true;
        break;
      case ' ':
        spec.space = true;
        break;
      default:
        return;
    }
  }
}

/// `[n]`: the next argument to use.
void Printer::argument_index() {
  after_index_ = false;
  if (!at('[')) return;
  reordered_ = true;
  const std::size_t close = format_.find(']', i_);
  if (close == std::string_view::npos) {
    good_index_ = false;
    ++i_;
    return;
  }
  const std::size_t begin = i_ + 1;
  i_ = begin;
  int index = 0;
  const bool ok = number(index) && i_ == close;
  i_ = close + 1;
  after_index_ = ok;
  if (ok && index >= 1 && static_cast<std::size_t>(index) <= args_.size()) {
    arg_ = static_cast<std::size_t>(index - 1);
  } else {
    good_index_ = false;
  }
}

bool Printer::number(int& out) {
  const std::size_t begin = i_;
  out = 0;
  while (i_ < format_.size() && format_[i_] >= '0' && format_[i_] <= '9') {
    if (out > kMaxWidth) {
      i_ = format_.size();
      out = 0;
      return false;
    }
    out = out * 10 + (format_[i_++] - '0');
  }
  return i_ > begin;
}

bool Printer::number_from_argument(int& out) {
  out = 0;
  if (arg_ >= args_.size()) return false;
  const Value& value = args_[arg_++];
  std::int64_t number = 0;
  if (value.is_nil()) return false;
  if (value.kind() == Kind::kInt) {
    number = value.as_int();
  } else if (value.kind() == Kind::kUint && value.as_uint() <= kMaxWidth) {
    number = static_cast<std::int64_t>(value.as_uint());
  } else {
    return false;
  }
  if (number > kMaxWidth || number < -kMaxWidth) return false;
  out = static_cast<int>(number);
  return true;
}

void Printer::width() {
  FormatSpec& spec = writer_.spec;
  if (!at('*')) {
    spec.has_width = number(spec.width);
    if (after_index_ && spec.has_width) good_index_ = false;  // %[3]2d
    return;
  }
  ++i_;
  spec.has_width = number_from_argument(spec.width);
  if (!spec.has_width) writer_.raw("%!(BADWIDTH)");
  if (spec.width < 0) {
    spec.width = -spec.width;
    spec.minus = true;
  }
  after_index_ = false;
}

void Printer::precision() {
  FormatSpec& spec = writer_.spec;
  if (!at('.')) return;
  ++i_;
  if (after_index_) good_index_ = false;  // %[3].2d
  argument_index();
  spec.has_precision = true;
  if (!at('*')) {
    number(spec.precision);
    return;
  }
  ++i_;
  spec.has_precision = number_from_argument(spec.precision) && spec.precision >= 0;
  if (!spec.has_precision) {
    spec.precision = 0;
    writer_.raw("%!(BADPREC)");
  }
  after_index_ = false;
}

void Printer::verb() {
  const Rune rune = decode_utf8(format_.substr(i_));
  i_ += rune.size;
  const char32_t verb = rune.code;
  if (verb == '%') return writer_.raw("%");
  if (!good_index_) return writer_.raw("%!" + verb_text(verb) + "(BADINDEX)");
  if (arg_ >= args_.size()) return writer_.raw("%!" + verb_text(verb) + "(MISSING)");
  FormatSpec& spec = writer_.spec;
  if (verb == 'v') {
    spec.sharp_v = std::exchange(spec.sharp, false);
    spec.plus_v = std::exchange(spec.plus, false);
  }
  writer_.argument(args_[arg_++], verb);
}

void Printer::extra_arguments() {
  writer_.spec = FormatSpec{};
  writer_.raw("%!(EXTRA ");
  for (std::size_t i = arg_; i < args_.size(); ++i) {
    if (i > arg_) writer_.raw(", ");
    if (args_[i].is_nil()) {
      writer_.raw("<nil>");
    } else {
      writer_.raw(args_[i].type_name());
      writer_.raw("=");
      writer_.argument(args_[i], 'v');
    }
  }
  writer_.raw(")");
}

bool is_text(const Value& value) {
  return !value.is_nil() && value.kind() == Kind::kString;
}

}  // namespace

Result<std::string> sprint(Args args) {
  FormatWriter writer;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0 && !is_text(args[i]) && !is_text(args[i - 1])) writer.raw(" ");
    writer.argument(args[i], 'v');
  }
  return finish(writer);
}

Result<std::string> sprintln(Args args) {
  FormatWriter writer;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0) writer.raw(" ");
    writer.argument(args[i], 'v');
  }
  writer.raw("\n");
  return finish(writer);
}

Result<std::string> sprintf(std::string_view format, Args args) {
  return Printer(format, args).run();
}

}  // namespace tocsin::tmpl
