#pragma once
// Forms that come as multipart/form-data (RFC 7578, RFC 2046 section 5.1), as curl -F and FormData send them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::net {

/// The parts of `body` that are values, in order; files (parts with a file name) and parts without a name are left out.
/// Nothing at all if the body breaks off, has a part that is no part, or more than 1,000 of them, or if `content_type`
/// names no boundary: as Go's Request.FormValue. Source: Go mime/multipart, Reader.ReadForm.
void append_multipart_pairs(std::string_view content_type, std::string_view body,
                            std::vector<std::pair<std::string, std::string>>& out);

}  // namespace tocsin::net
