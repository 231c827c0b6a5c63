#pragma once
// The answers of memcached's `stats` commands, and what they say in metrics.

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "expo/writer.hpp"

namespace tocsin::exporters::memcached {

/// "name" to "value" of lines "STAT name value". Views into the answer.
using Stats = std::map<std::string_view, std::string_view, std::less<>>;

/// Reads one answer, up to "END". kIo with what the server says if it says an error, kCorrupt for anything else.
Result<Stats> parse_stats(std::string_view answer);

/// Cuts one whole answer off the front of `bytes`: it ends with a line "END", or is one line of an error. "" as long as
/// it is not whole.
std::string_view take_answer(std::string_view& bytes);

/// The four answers. As memcached_exporter puts them; values that are no numbers are left out.
/// @return kCorrupt naming the first of those: the original then says memcached_up 0.
struct Answers {
  Stats stats, settings, slabs, items;
};
Result<void> put_stats(expo::Page& page, const Answers& answers);

}  // namespace tocsin::exporters::memcached
