#pragma once
// Rendered pages in the format that a scraper asked for.
//
// The text 0.0.4 of a page is made once; the others are made of it when they are asked for. OpenMetrics copies the
// lines of most families as they are, behind its own header; only lines with bounds, timestamps, exemplars or names to
// escape are looked at. Protobuf takes all lines apart.

#include <span>
#include <string>

#include "expo/negotiate.hpp"
#include "expo/rendered_page.hpp"

namespace tocsin::expo {

/// All families in order of names, those that several pages have with the header of the first and the lines of all.
std::string expose(std::span<const RenderedPage* const> pages, const Exposition& exposition);
std::string expose(std::span<const RenderedPage* const> pages, const Exposition& exposition, MergeOrder& order);

// The parts of it.
void append_text(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping);
/// With "# EOF".
void append_openmetrics(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping);
void append_protobuf(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping);

/// Whether a family's names must be rewritten.
bool needs_escapes(const RenderedPage::Family& family, EscapingScheme escaping);
/// What stands before a line's value, with the blank, its names escaped.
std::string escaped_head(std::string_view head, EscapingScheme escaping);
/// The size of what stands before the value of a line that our writer made.
std::size_t head_size(std::string_view line);

}  // namespace tocsin::expo
