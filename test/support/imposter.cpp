#include "support/imposter.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace tocsin::test {

Imposter::Reply Imposter::answer(int status, std::string body,
                                 std::vector<std::pair<std::string, std::string>> fields) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.fields = std::move(fields);
  return reply;
}

Imposter::Reply Imposter::late(std::chrono::milliseconds delay, Reply reply) {
  reply.delay = delay;
  return reply;
}

Imposter::Reply Imposter::never() {
  return late(std::chrono::hours(1), answer(200, ""));
}

Imposter::Reply Imposter::close_unanswered() {
  Reply reply;
  reply.close_unanswered = true;
  return reply;
}

Imposter::Reply Imposter::raw(std::string bytes) {
  Reply reply;
  reply.raw = std::move(bytes);
  return reply;
}

Imposter::Reply Imposter::answer_and_close(int status, std::string body) {
  Reply reply = answer(status, std::move(body));
  reply.close_after = true;
  return reply;
}

Imposter::Imposter() {
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept(); });
}

Imposter::~Imposter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  drop_connections();
  for (std::thread& server : servers_) server.join();
}

std::string Imposter::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void Imposter::when(std::string_view method, std::string_view target, Reply reply) {
  when_in_turn(method, target, {std::move(reply)});
}

void Imposter::when_in_turn(std::string_view method, std::string_view target, std::vector<Reply> replies) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({std::string(method), std::string(target), std::move(replies)});
}

std::vector<Imposter::Request> Imposter::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<Imposter::Request> Imposter::wait_for_requests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; })) {
    throw std::runtime_error("Imposter: " + std::to_string(requests_.size()) + " of " + std::to_string(count) +
                             " requests came");
  }
  return requests_;
}

void Imposter::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

std::size_t Imposter::connections() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void Imposter::wait_until_closed() const {
  std::unique_lock lock(mutex_);
  const auto all_closed = [this] { return std::all_of(open_.begin(), open_.end(), [](int fd) { return fd < 0; }); };
  if (!changed_.wait_for(lock, std::chrono::seconds(10), all_closed)) {
    throw std::runtime_error("Imposter: a connection stays open");
  }
}

void Imposter::drop_connections() {
  const std::lock_guard lock(mutex_);
  for (const int fd : open_) {
    if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
  }
}

void Imposter::accept() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    servers_.emplace_back([this, fd, connection = open_.size() - 1] { serve(fd, connection); });
  }
}

void Imposter::serve(int fd, std::size_t connection) {
  std::optional<RawSocket> socket(std::in_place, RawSocket::Accepted{fd});
  try {
    for (bool more = true; more;) {
      Request request{read_request(*socket), connection};
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      changed_.notify_all();
      more = reply(*socket, request);
    }
  } catch (const std::exception&) {
    // The peer has closed, or sends what is no HTTP: the tests see it by what they asked.
  }
  {
    const std::lock_guard lock(mutex_);
    open_[connection] = -1;
    socket.reset();
  }
  changed_.notify_all();
}

bool Imposter::reply(RawSocket& socket, const Request& request) {
  const Reply reply = find_reply(request);
  if (reply.delay.count() > 0) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, reply.delay, [this] { return stopping_; });
  }
  if (reply.close_unanswered) return false;
  if (!reply.raw.empty()) {
    socket.send(reply.raw);
    return false;
  }
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
  for (const auto& [name, value] : reply.fields) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  if (request.method != "HEAD") text += reply.body;
  return socket.send(text) && !reply.close_after;
}

Imposter::Reply Imposter::find_reply(const Request& request) {
  const std::lock_guard lock(mutex_);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (!rule->method.empty() && rule->method != request.method) continue;
    const bool prefix = rule->target.ends_with('*');
    const std::string_view target = std::string_view(rule->target).substr(0, rule->target.size() - (prefix ? 1 : 0));
    if (prefix ? !request.target.starts_with(target) : request.target != target) continue;
    return rule->replies[std::min(rule->next++, rule->replies.size() - 1)];
  }
  return answer(404, "nothing is scripted for this\n");
}

}  // namespace tocsin::test
