#include "exporters/memcached/target.hpp"

#include <algorithm>
#include <charconv>

#include "base/strings.hpp"
#include "base/version.hpp"

namespace tocsin::exporters::memcached {
namespace {

using Type = model::MetricType;
constexpr std::size_t kMaxAnswerBytes = 4U << 20U;
constexpr std::string_view kQuestions = "stats\r\nstats settings\r\nstats slabs\r\nstats items\r\n";
constexpr std::size_t kAnswers = 4;

std::shared_ptr<client::MaterialSource> make_material(const Services& services, const Options& options) {
  auto config = std::make_shared<config::HttpClientConfig>();
  if (options.tls) config->tls = *options.tls;
  return std::make_shared<client::MaterialSource>(
      config, client::Services{services.loop, services.work, services.http, services.fs, services.environment});
}

}  // namespace

std::string Address::text() const {
  if (!unix_socket.empty()) return unix_socket;
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  Address out;
  if (text.starts_with("unix://")) text.remove_prefix(7);
  if (text.contains('/')) {
    out.unix_socket = text;
    return out;
  }
  std::string_view port;
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t colon = bracket == std::string_view::npos ? text.find(':') : text.find(':', bracket);
  if (colon != std::string_view::npos) port = text.substr(colon + 1);
  out.host = bracket == std::string_view::npos ? text.substr(0, colon) : text.substr(1, bracket - 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  const bool is_number = error == std::errc() && end == port.data() + port.size() && out.port != 0;
  if (out.host.empty() || (!port.empty() && !is_number)) {
    return fail(Errc::kInvalid, "invalid address {}", go_quote(text));
  }
  return out;
}

Result<void> Options::read(yaml::Fields& fields) {
  fields.read("user", user);
  TOCSIN_TRY(auto credential, Credential::read(fields, "password"));
  if (credential) password = std::move(credential);
  if (const yaml::Node node = fields.take("tls"); !node.is_null()) {
    TOCSIN_TRY(tls, config::read_tls_config(node));
  }
  return fields.failed();
}

Shared::Shared(const Services& lent)
    : services(lent), connector(lent.loop, lent.resolver, &services.work.lane(Lane::kScrape), "") {}

MemcachedTarget::MemcachedTarget(std::shared_ptr<Shared> shared, Address address,
                                 std::shared_ptr<const Options> options)
    : shared_(std::move(shared)),
      address_(std::move(address)),
      options_(std::move(options)),
      material_(make_material(shared_->services, *options_)) {}

net::Task<Result<void>> MemcachedTarget::collect(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto self = shared_from_this();
  auto bytes = co_await ask(deadline);
  Result<void> result = bytes ? put(*page, *bytes) : fail(std::move(bytes).error());
  page->family("memcached_up", "Could the memcached server be reached.", Type::kGauge).put(result ? 1 : 0);
  page->family("memcached_exporter_build_info",
               "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
               "memcached_exporter was built, and the goos and goarch for the build.",
               Type::kGauge)
      .put({{"branch", ""},
            {"goarch", ""},
            {"goos", "linux"},
            {"goversion", ""},
            {"revision", revision()},
            {"tags", "unknown"},
            {"version", version()}},
           1);
  if (!result) co_return fail(std::move(result).error().wrap(fmt::format("memcached {}", address_.text())));
  co_return Result<void>();
}

/// Answers that are errors say nothing: an old server does not know all four.
Result<void> MemcachedTarget::put(expo::Page& page, std::string_view bytes) {
  Answers answers;
  TOCSIN_TRY(answers.stats, parse_stats(take_answer(bytes)));
  for (Stats* stats : {&answers.settings, &answers.slabs, &answers.items}) {
    auto parsed = parse_stats(take_answer(bytes));
    if (parsed) {
      *stats = std::move(*parsed);
    } else if (parsed.error().code == Errc::kCorrupt) {
      return fail(std::move(parsed).error());
    }
  }
  return put_stats(page, answers);
}

/// A connection that the server closed meanwhile is replaced once.
net::Task<Result<std::string>> MemcachedTarget::ask(MonoTime deadline) {
  if (const auto kept = std::exchange(stream_, nullptr); kept && !kept->is_stale()) {
    auto answer = co_await ask_on(kept, deadline);
    if (answer) stream_ = kept;
    if (answer || answer.error().code != Errc::kIo) co_return answer;
  }
  TOCSIN_CO_TRY(const auto made, co_await connect(deadline));
  auto answer = co_await ask_on(made, deadline);
  if (answer) stream_ = made;
  co_return answer;
}

net::Task<Result<std::string>> MemcachedTarget::ask_on(std::shared_ptr<ServerStream> stream, MonoTime deadline) {
  TOCSIN_CO_OK(co_await stream->write(std::string(kQuestions), deadline));
  std::string bytes;
  std::size_t understood = 0;
  for (std::size_t whole = 0; whole < kAnswers;) {
    TOCSIN_CO_TRY(const std::string_view more, co_await stream->read(deadline));
    bytes += more;
    if (bytes.size() > kMaxAnswerBytes)
      co_return fail(Errc::kLimit, "the answers have more than {} bytes", kMaxAnswerBytes);
    std::string_view rest = std::string_view(bytes).substr(understood);
    while (whole < kAnswers) {
      const std::string_view answer = take_answer(rest);
      if (answer.empty()) break;
      // A server that wants to know who asks says so once, and forgets the other questions.
      if (whole == 0) {
        if (const auto stats = parse_stats(answer); !stats) co_return fail(Error(stats.error()));
      }
      ++whole;
    }
    understood = bytes.size() - rest.size();
  }
  co_return bytes;
}

net::Task<MemcachedTarget::Connected> MemcachedTarget::connect(MonoTime deadline) {
  net::Way way;
  way.url.host = address_.host;
  way.url.port = address_.port;
  way.unix_socket = address_.unix_socket;
  if (options_->tls) {
    way.url.tls = true;
    TOCSIN_CO_TRY(const auto material, co_await client::MaterialSource::look(material_, deadline));
    way.tls = material->tls;
  }
  TOCSIN_CO_TRY(auto connection, co_await shared_->connector.connect(std::move(way), deadline));
  const auto stream = std::make_shared<ServerStream>(shared_->services.loop, std::move(connection));
  if (!options_->user.empty() && options_->password) {
    auto welcome = co_await authenticate(stream, deadline);
    if (!welcome) co_return fail(std::move(welcome).error());
  }
  co_return stream;
}

/// Source: memcached doc/protocol.txt, "Authentication".
net::Task<Result<void>> MemcachedTarget::authenticate(std::shared_ptr<ServerStream> stream, MonoTime deadline) {
  std::function<Result<Secret>()> read = [options = options_, &fs = shared_->services.fs,
                                          environment = shared_->services.environment] {
    return options->password->get(fs, environment);
  };
  const auto secret =
      co_await net::run_on(shared_->services.loop, shared_->services.work.lane(Lane::kScrape), std::move(read));
  if (!secret) co_return fail(Error(secret.error()));
  const std::string both = fmt::format("{} {}", options_->user, secret->reveal());
  TOCSIN_CO_OK(co_await stream->write(fmt::format("set auth 0 0 {}\r\n{}\r\n", both.size(), both), deadline));
  TOCSIN_CO_TRY(const std::string_view answer, co_await stream->read(deadline));
  if (!answer.starts_with("STORED")) co_return fail(Errc::kIo, "authentication: {}", trim(answer.substr(0, 100)));
  co_return Result<void>();
}

}  // namespace tocsin::exporters::memcached
