// Functions of Alertmanager's templates. Source: Alertmanager 0.34 template/template.go (DefaultFuncs).

#include "base/base64.hpp"
#include "base/strings.hpp"
#include "template/alertmanager.hpp"
#include "template/am_types.hpp"
#include "template/functions.hpp"
#include "template/go_format.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::tmpl {

namespace {

using R = Result<Value>;

R join(Args args) {
  std::string out;
  bool first = true;
  for (const Value& text : args[1].as_list()) {
    if (!std::exchange(first, false)) out += args[0].as_string();
    out += text.as_string();
    if (out.size() > kMaxTextBytes)
      return fail(Errc::kLimit, "text is longer than the limit of {} bytes", kMaxTextBytes);
  }
  return Value(std::move(out));
}

R string_slice(Args args) {
  return Value::list(ListData(args.begin(), args.end()), kStringListType);
}
R list(Args args) {
  return Value::list(ListData(args.begin(), args.end()));
}

R append(Args args) {
  ListData out = args[0].as_list();
  out.insert(out.end(), args.begin() + 1, args.end());
  return Value::list(std::move(out));
}

R dict(Args args) {
  if (args.size() % 2 != 0) return fail(Errc::kExecution, "dict requires an even number of arguments");
  MapData map;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    if (args[i].is_nil() || args[i].type() != &kStringType) return fail(Errc::kExecution, "dict keys must be strings");
    map.insert_or_assign(args[i].as_string(), args[i + 1]);
  }
  return Value::map(std::move(map));
}

R tz(Args args) {
  TOCSIN_TRY(auto zone, load_zone(args[0].as_string()));
  Time time = args[1].as_time();
  time.zone = std::move(zone);
  return Value(std::move(time));
}

R to_date(Args args) {
  auto time = parse_time(args[0].as_string(), args[1].as_string());
  return Value(time ? std::move(*time) : Time{});
}

R must_to_date(Args args) {
  TOCSIN_TRY(Time time, parse_time(args[0].as_string(), args[1].as_string()));
  return Value(std::move(time));
}

Result<std::string> json_text(Args args) {
  return to_json(args[0]);
}

R unavailable(Args) {
  return fail(Errc::kInternal, "BUG: a template function without its data");
}

FuncMap make_functions() {
  using Text = Result<std::string>;
  FuncMap f;
  add_common_functions(f);
  f["title"] = text_function(1, [](Args a) -> Text { return title_text(a[0].as_string(), false); });
  f["trimSpace"] = text_function(1, [](Args a) -> Text { return std::string(trim_unicode(a[0].as_string())); });
  f["join"] = {{&kStringType, &kStringListType}, false, join};
  f["safeUrl"] = {{&kStringType}, false, [](Args a) -> R { return a[0].as(kUrlType); }};
  f["urlUnescape"] = text_function(1, [](Args a) { return query_unescape(a[0].as_string()); });
  f["stringSlice"] = {{&kStringType}, true, string_slice};
  f["date"] = {{&kStringType, &kTimeType}, false, [](Args a) -> R {
                 return Value(format_time(a[1].as_time(), a[0].as_string()));
               }};
  f["tz"] = {{&kStringType, &kTimeType}, false, tz};
  f["toDate"] = {{&kStringType, &kStringType}, false, to_date};
  f["mustToDate"] = {{&kStringType, &kStringType}, false, must_to_date};
  f["toJson"] = {{&kAnyType}, false, [](Args a) -> R {
                   TOCSIN_TRY(std::string text, json_text(a));
                   return Value(std::move(text));
                 }};
  f["base64encode"] = text_function(1, [](Args a) -> Text { return base64_url_encode(a[0].as_string()); });
  f["base64decode"] = text_function(1, [](Args a) -> Text {
    auto bytes = base64_url_decode(a[0].as_string());
    if (!bytes) return fail(Errc::kInvalid, "illegal base64 data at input byte {}", bytes.error());
    return std::move(*bytes);
  });
  f["list"] = {{&kAnyType}, true, list};
  f["append"] = {{&kAnyListType, &kAnyType}, true, append};
  f["dict"] = {{&kAnyType}, true, dict};
  // These come with each expansion.
  f["now"] = {{}, false, unavailable};
  f["since"] = {{&kTimeType}, false, unavailable};
  f["routeLabels"] = {{&kStringType}, false, unavailable};
  return f;
}

}  // namespace

const std::shared_ptr<const FuncMap>& alertmanager_functions() {
  static const auto table = std::make_shared<const FuncMap>(make_functions());
  return table;
}

}  // namespace tocsin::tmpl
