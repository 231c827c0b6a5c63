#include "yaml/write.hpp"

#include "base/utf8.hpp"

namespace tocsin::yaml {
namespace {

/// A double-quoted scalar.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    switch (rune.code) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (is_printable(rune.code)) {
          append_utf8(out, rune.code);  // U+FFFD for a byte that is no text
        } else {
          fmt::format_to(std::back_inserter(out), "\\U{:08x}", rune.code);
        }
    }
    text.remove_prefix(rune.size);
  }
  out += '"';
}

/// scheme://user:password@host -> scheme://user:xxxxx@host.
std::string without_url_password(const std::string& text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  const std::size_t end = text.find_first_of("/?#", begin);
  const std::string_view authority = std::string_view(text).substr(begin, end == std::string::npos ? end : end - begin);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return text;
  return text.substr(0, begin + colon + 1) + "xxxxx" + text.substr(begin + at);
}

/// Whether an unquoted text of a document reads back as itself on a line of its own.
bool stands_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.starts_with("---") || text.starts_with("...")) {
    return false;
  }
  // Between brackets [-] is a text; on a line of its own the dash would begin a list.
  const bool indicator = text.front() == '-' || text.front() == '?' || text.front() == ':';
  if (indicator && (text.size() == 1 || text[1] == ' ')) return false;
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    if (!rune.valid || !is_printable(rune.code)) return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

/// Writes one document. Each method leaves the text at the end of a line.
class Writer {
 public:
  explicit Writer(const std::function<bool(std::string_view)>& is_secret) : is_secret_(is_secret) {}

  /// A value behind "key:" or "-" (nothing is written between yet), or the root.
  void value(const Node& node, std::size_t indent, bool secret, bool after_dash) {
    const bool collection = (node.is_map() || node.is_sequence()) && node.size() > 0;
    if (!collection) {
      out += ' ';
      scalar(node, secret);
      out += '\n';
    } else if (node.is_map()) {
      map(node, indent, secret, after_dash);
    } else {
      out += '\n';
      for (const Node& element : node.elements()) {
        out.append(indent, ' ');
        out += '-';
        value(element, indent + 2, secret, true);
      }
    }
  }

  void map(const Node& node, std::size_t indent, bool secret, bool inline_first) {
    bool first = true;
    if (!inline_first) out += '\n';
    for (const Node::Entry& entry : node.entries()) {
      if (first && inline_first) {
        out += ' ';
      } else {
        out.append(indent, ' ');
      }
      first = false;
      text(entry.key);
      out += ':';
      const bool list = entry.value.is_sequence();
      value(entry.value, list ? indent : indent + 2, secret || is_secret_(entry.key.text()), false);
    }
  }

  std::string out;

 private:
  void scalar(const Node& node, bool secret) {
    if (node.is_map()) {
      out += "{}";
    } else if (node.is_sequence()) {
      out += "[]";
    } else if (node.is_null()) {
      out += "null";
    } else if (secret && !node.text().empty()) {
      out += kSecretText;
    } else {
      text(node);
    }
  }

  void text(const Node& node) {
    const std::string shown = without_url_password(node.text());
    const bool plain = !node.quoted() && stands_plain(shown);
    if (plain) {
      out += shown;
    } else {
      append_quoted(out, shown);
    }
  }

  const std::function<bool(std::string_view)>& is_secret_;
};

}  // namespace

std::string write(const Node& node, const std::function<bool(std::string_view key)>& is_secret) {
  Writer writer(is_secret);
  writer.value(node, 0, false, false);
  // The root has nothing before it.
  writer.out.erase(0, writer.out.find_first_not_of(" \n"));
  return std::move(writer.out);
}

}  // namespace tocsin::yaml
