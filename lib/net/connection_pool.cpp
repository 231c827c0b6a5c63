#include "net/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::net {

std::unique_ptr<Connection> ConnectionPool::take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  std::vector<Idle>& idle = found->second;
  std::unique_ptr<Connection> connection;
  while (!idle.empty() && !connection) {
    if (!idle.back().connection->is_stale()) connection = std::move(idle.back().connection);
    idle.pop_back();
  }
  if (idle.empty()) idle_.erase(found);
  return connection;
}

void ConnectionPool::put(const std::string& key, std::unique_ptr<Connection> connection) {
  if (max_idle_per_key_ == 0 || idle_timeout_ <= Duration(0)) return;
  std::vector<Idle>& idle = idle_[key];
  if (idle.size() >= max_idle_per_key_) idle.erase(idle.begin());
  idle.push_back({std::move(connection), loop_.clock().mono() + idle_timeout_});
  schedule_sweep();
}

std::size_t ConnectionPool::size() const {
  std::size_t count = 0;
  for (const auto& [key, idle] : idle_) count += idle.size();
  return count;
}

void ConnectionPool::schedule_sweep() {
  if (sweep_scheduled_) return;
  sweep_scheduled_ = true;
  loop_.call_after(idle_timeout_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void ConnectionPool::sweep() {
  sweep_scheduled_ = false;
  const MonoTime now = loop_.clock().mono();
  for (auto& [key, idle] : idle_) {
    std::erase_if(idle, [now](const Idle& one) { return one.until <= now || one.connection->is_stale(); });
  }
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
  if (!idle_.empty()) schedule_sweep();
}

}  // namespace tocsin::net
