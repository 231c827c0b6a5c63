#pragma once
// Reading numbers back from a rendered page.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "expo/writer.hpp"

namespace tocsin::agent {

/// Calls `each` with the labels (`a="b",c="d"`, as they are written) and the value of each series of the family.
void for_each_series(const expo::RenderedPage& page, std::string_view family,
                     const std::function<void(std::string_view labels, double value)>& each);

/// The value of a label in such a text, unescaped; "" if it is not there.
std::string label_value(std::string_view labels, std::string_view name);

/// The sum of a family's series; nothing if there are none.
std::optional<double> sum_of(const expo::RenderedPage& page, std::string_view family);

}  // namespace tocsin::agent
