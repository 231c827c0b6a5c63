#include "support/fake_kubernetes.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>

namespace tocsin::test {
namespace json = boost::json;

namespace {

constexpr Duration kTick = std::chrono::milliseconds(20);

std::string text_at(const json::value& object, const char* pointer) {
  boost::system::error_code error;
  const json::value* found = object.find_pointer(pointer, error);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::string status(int code, std::string_view reason, std::string_view message) {
  return json::serialize(json::object{{"kind", "Status"},
                                      {"apiVersion", "v1"},
                                      {"status", "Failure"},
                                      {"message", message},
                                      {"reason", reason},
                                      {"code", code}});
}

std::string event(std::string_view type, std::string_view object) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}

net::HttpResponse gone() {
  return {410, "application/json", status(410, "Expired", "too old resource version")};
}

}  // namespace

struct FakeKubernetes::Question {
  std::string collection, namespace_;
  std::map<std::string, std::string> params;
  std::string param(const std::string& name) const {
    const auto found = params.find(name);
    return found == params.end() ? "" : found->second;
  }
};

/// "/api/v1/namespaces/x/pods" is the collection "/api/v1/pods", in x.
FakeKubernetes::Question FakeKubernetes::parse(const net::HttpRequest& request) const {
  if (!request.target.starts_with(base_)) throw std::runtime_error("asked elsewhere: " + request.target);
  net::HttpRequest at_server = request;
  at_server.target = request.target.substr(base_.size());
  Question question;
  for (auto& [name, value] : at_server.params()) question.params.emplace(name, value);
  question.collection = at_server.path();
  constexpr std::string_view kNamespaces = "/namespaces/";
  const std::size_t at = question.collection.find(kNamespaces);
  if (at == std::string::npos) return question;
  const std::size_t end = question.collection.find('/', at + kNamespaces.size());
  if (end == std::string::npos) return question;
  question.namespace_ = question.collection.substr(at + kNamespaces.size(), end - at - kNamespaces.size());
  question.collection.erase(at, end - at);
  return question;
}

void FakeKubernetes::put(const std::string& collection, std::string_view object_json) {
  json::value object = json::parse(object_json);
  object.at("metadata").as_object()["resourceVersion"] = std::to_string(++version_);
  const std::string space = text_at(object, "/metadata/namespace");
  const std::string name = text_at(object, "/metadata/name");
  const std::string key = space.empty() ? name : space + "/" + name;
  std::string text = json::serialize(object);
  const bool is_new = objects_[collection].insert_or_assign(key, text).second;
  tell({version_, collection, space, key, is_new ? "ADDED" : "MODIFIED", std::move(text)});
}

void FakeKubernetes::remove(const std::string& collection, const std::string& key) {
  const auto node = objects_[collection].extract(key);
  if (node.empty()) throw std::runtime_error("no such object: " + key);
  json::value object = json::parse(node.mapped());
  object.at("metadata").as_object()["resourceVersion"] = std::to_string(++version_);
  tell({version_, collection, text_at(object, "/metadata/namespace"), key, "DELETED", json::serialize(object)});
}

void FakeKubernetes::tell(const Change& change) {
  history_.push_back(change);
  for (auto& [id, watch] : watches_) {
    if (watch.collection != change.collection) continue;
    if (!watch.namespace_.empty() && watch.namespace_ != change.namespace_) continue;
    watch.waiting += event(change.type, change.object);
  }
}

void FakeKubernetes::send_bookmarks() {
  const std::string line = event("BOOKMARK", fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}}}})", version_));
  send_raw(line);
}

void FakeKubernetes::send_raw(std::string bytes) {
  for (auto& [id, watch] : watches_) watch.waiting += bytes;
}

void FakeKubernetes::break_watches(std::string last_bytes) {
  send_raw(std::move(last_bytes));
  for (auto& [id, watch] : watches_) watch.breaks = true;
}

void FakeKubernetes::end_watches() {
  for (auto& [id, watch] : watches_) watch.ends = true;
}

std::size_t FakeKubernetes::count(std::initializer_list<std::string_view> parts) const {
  return static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.end(), [&](const Sent& sent) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return sent.request.target.find(part) != std::string::npos; });
  }));
}

std::optional<Result<net::HttpResponse>> FakeKubernetes::refusal(const net::HttpRequest& request) const {
  for (const auto& [part, answer] : refusals_) {
    if (request.target.find(part) != std::string::npos) return answer;
  }
  return std::nullopt;
}

/// The continue token is "version:first object". Real servers show the state of the first page in all pages; here the
/// pages show the state of now, unless history was forgotten.
net::HttpResponse FakeKubernetes::list(const Question& question) {
  std::uint64_t version = version_;
  std::size_t first = 0;
  if (const std::string token = question.param("continue"); !token.empty()) {
    char* end = nullptr;
    version = std::strtoull(token.c_str(), &end, 10);
    first = std::strtoull(end + 1, nullptr, 10);
    if (version < oldest_) return gone();
  }
  const std::string limit = question.param("limit");
  const std::size_t most = limit.empty() ? SIZE_MAX : std::min<std::size_t>(std::stoull(limit), page_objects_);
  std::string items, token;
  std::size_t index = 0, given = 0;
  for (const auto& [key, object] : objects_[question.collection]) {
    if (!question.namespace_.empty() && !key.starts_with(question.namespace_ + "/")) continue;
    if (index++ < first) continue;
    if (given++ == most) {
      token = fmt::format("{}:{}", version, index - 1);
      break;
    }
    items.append(items.empty() ? "" : ",").append(object);
  }
  return {200, "application/json",
          fmt::format(R"({{"kind":"List","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
                      version, token, items)};
}

net::Task<Result<net::HttpResponse>> FakeKubernetes::send(net::HttpRequest request, net::SendOptions options) {
  sent_.push_back({request, options, loop_.clock().now()});
  if (auto answer = refusal(request)) co_return std::move(*answer);
  co_return list(parse(request));
}

net::Task<Result<net::HttpResponse>> FakeKubernetes::stream(net::HttpRequest request, net::SendOptions options,
                                                            Sink sink) {
  sent_.push_back({request, options, loop_.clock().now()});
  if (auto answer = refusal(request)) co_return std::move(*answer);
  const Question question = parse(request);
  const std::uint64_t from = std::stoull(question.param("resourceVersion"));
  if (from + 1 < oldest_) co_return gone();
  const std::uint64_t id = ++last_watch_;
  watches_[id] = {question.collection, question.namespace_, "", false, false};
  for (const Change& change : history_) {
    if (change.version <= from || change.collection != question.collection) continue;
    if (!question.namespace_.empty() && question.namespace_ != change.namespace_) continue;
    watches_[id].waiting += event(change.type, change.object);
  }
  const MonoTime begun = loop_.clock().mono();
  const Duration served = std::chrono::seconds(std::stoll(question.param("timeoutSeconds")));
  for (;;) {
    Watch& watch = watches_[id];
    std::string waiting = std::exchange(watch.waiting, {});
    const bool ends = watch.ends || loop_.clock().mono() - begun >= served;
    const bool breaks = watch.breaks;
    const std::size_t step = piece_bytes_ == 0 ? waiting.size() + 1 : piece_bytes_;
    bool wanted = true;
    for (std::size_t at = 0; at < waiting.size() && wanted; at += step) {
      wanted = sink(std::string_view(waiting).substr(at, step));
      if (piece_bytes_ != 0) co_await net::sleep_for(loop_, Duration(0));
    }
    if (!wanted || ends || breaks) {
      watches_.erase(id);
      if (!wanted) co_return fail(Errc::kCanceled, "the reader has had enough");
      if (breaks) co_return fail(Errc::kIo, "read tcp: connection reset by peer");
      co_return net::HttpResponse(200, "application/json", "");
    }
    if (loop_.clock().mono() - begun >= options.timeout) {
      watches_.erase(id);
      co_return fail(Errc::kTimeout, "context deadline exceeded");
    }
    co_await net::sleep_for(loop_, kTick);
  }
}

}  // namespace tocsin::test
