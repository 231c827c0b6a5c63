#pragma once
// The tree of a template. Positions are byte offsets in the text; the texts of nodes are what Go's error messages
// quote. Trees are values: copies share what lies below pipelines, which nobody changes.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "template/value.hpp"

namespace tocsin::tmpl {

struct Pipe;

/// A number and all the types that it fits.
struct Number {
  bool is_int = false, is_uint = false, is_float = false;
  std::int64_t int_value = 0;
  std::uint64_t uint_value = 0;
  double float_value = 0;
};

/// One word of a command.
struct Operand {
  enum class Type {
    kBool,
    kNil,
    kDot,
    kNumber,
    kString,
    kIdentifier,  // a function
    kField,       // .a.b: idents a, b
    kVariable,    // $x.a.b: idents $x, a, b
    kPipe,        // (pipeline)
    kChain,       // base.a.b: idents a, b
  };
  Type type = Type::kDot;
  std::uint32_t pos = 0;
  std::string text;                     // as written: literals, and the name of a function
  Value literal;                        // kBool, kString, and kNumber as an untyped constant
  Number number;                        // kNumber
  std::vector<std::string> idents;      // kField, kVariable, kChain
  std::shared_ptr<const Operand> base;  // kChain
  std::shared_ptr<const Pipe> pipe;     // kPipe

  std::string to_string() const;
};

struct Command {
  std::uint32_t pos = 0;
  std::vector<Operand> args;  // never empty

  std::string to_string() const;
};

/// Commands joined by `|`, and the variables that take the result.
struct Pipe {
  std::uint32_t pos = 0;
  bool is_assign = false;              // `=`; else `:=`
  std::vector<std::string> variables;  // with their dollar; at most two
  std::vector<Command> commands;       // never empty

  std::string to_string() const;
};

struct Statement;
struct StatementList {
  std::uint32_t pos = 0;
  std::vector<Statement> statements;

  /// Nothing but space: a definition like that does not replace another.
  bool is_empty() const;
};

struct Statement {
  enum class Type { kText, kAction, kIf, kWith, kRange, kTemplate, kBreak, kContinue };
  Type type = Type::kText;
  std::uint32_t pos = 0;
  std::string text;                  // kText; kTemplate: its name
  std::shared_ptr<const Pipe> pipe;  // kTemplate may have none
  StatementList body, else_body;
  bool has_else = false;

  std::string to_string() const;
};

/// The text that was parsed, shared by all definitions in it.
struct Source {
  std::string parse_name;  // of the template whose text it is
  std::string text;

  /// "name:line:column" of a byte offset; lines from 1, columns from 0, as Go counts them.
  std::string where(std::uint32_t pos) const;
};

/// One template.
struct Definition {
  std::string name;
  std::shared_ptr<const Source> source;
  StatementList root;
};

}  // namespace tocsin::tmpl
