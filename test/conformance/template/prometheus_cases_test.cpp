// The cases of Prometheus' own template tests, from the corpora: text, data, output or error.

#include <cstdlib>
#include <limits>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/float_text.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "template/prometheus.hpp"
#include "template/value.hpp"

using namespace tocsin;
using tmpl::Value;

namespace {

/// One element of a Go slice literal: 1, -1, "a", .12, math.Inf(1), 86400 + 3600, -(86400*2 + 5).
Value element(std::string_view type, std::string_view text) {
  text = trim(text);
  if (text == "math.MaxInt64") return Value(std::numeric_limits<std::int64_t>::max());
  if (text == "math.MaxUint64")
    return Value::unsigned_integer(std::numeric_limits<std::uint64_t>::max(), tmpl::kUint64Type);
  double number = std::numeric_limits<double>::quiet_NaN();
  if (text == "math.Inf(1)") number = std::numeric_limits<double>::infinity();
  if (text == "math.Inf(-1)") number = -std::numeric_limits<double>::infinity();
  if (text.starts_with('"')) return Value(text.substr(1, text.size() - 2));
  if (text == "86400 + 3600") number = 86400 + 3600;
  if (text == "-(86400*2 + 3600*3 + 60*4 + 5)") number = -(86400 * 2 + 3600 * 3 + 60 * 4 + 5);
  double plain = 0;
  if (parse_float(text, plain)) number = plain;
  if (type.find("float") != std::string_view::npos) return Value(number);
  if (type.find("uint") != std::string_view::npos) {
    return Value::unsigned_integer(static_cast<std::uint64_t>(number), tmpl::kUint64Type);
  }
  return Value(static_cast<std::int64_t>(number));
}

/// []float64{...}
Value slice_literal(std::string_view text) {
  const std::size_t brace = text.find('{');
  const std::string_view type = text.substr(0, brace);
  tmpl::ListData list;
  for (const std::string_view part : split(text.substr(brace + 1, text.size() - brace - 2), ',')) {
    list.push_back(element(type, part));
  }
  return Value::list(std::move(list));
}

}  // namespace

TEST_CASE("rule templates give what Prometheus' own test cases expect") {
  const char* corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora == nullptr) {
    WARN("TOCSIN_CORPORA is not set: Prometheus' template cases were not tried");
    return;
  }
  auto file = posix_fs().read_file(std::string(corpora) + "/promql/template-cases.json");
  REQUIRE(file.has_value());
  tmpl::PromTemplateData data;
  data.external_url = "http://testhost:9090/path/prefix";
  data.now = 1353755652000;
  int tried = 0;
  for (const auto& item : boost::json::parse(*file).as_array()) {
    const auto& object = item.as_object();
    const std::string text(object.at("text").as_string());
    const Value dot =
        object.contains("input_go") ? slice_literal(std::string(object.at("input_go").as_string())) : Value();
    INFO(text);
    const auto out = object.contains("html") ? tmpl::expand_bare_html("test", text, dot, data)
                                             : tmpl::expand_bare("test", text, dot, data);
    ++tried;
    if (object.contains("error")) {
      REQUIRE_FALSE(out.has_value());
      CHECK(out.error().message == std::string(object.at("error").as_string()));
    } else {
      INFO((out ? *out : out.error().message));
      REQUIRE(out.has_value());
      CHECK(*out == std::string(object.at("output").as_string()));
    }
  }
  CHECK(tried == 54);
}
