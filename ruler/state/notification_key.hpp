#pragma once
// What an entry of the notification log is about. Who keeps entries finds them by it, and keeps no second copy of its
// texts.

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "base/hash.hpp"
#include "state/store.hpp"

namespace tocsin::state {

/// Views into an entry, or into what an entry is looked for with.
struct NotificationKey {
  std::string_view group_key, receiver, integration;
  std::uint32_t index = 0;
  bool operator==(const NotificationKey&) const = default;
};

inline NotificationKey key_of(const NotificationLogEntry& entry) {
  return {entry.group_key, entry.receiver, entry.integration, entry.index};
}

/// Of a key, or of what key_of() takes.
struct NotificationHash {
  using is_transparent = void;
  std::size_t operator()(const NotificationKey& key) const {
    return xxhash64(key.group_key) ^ (xxhash64(key.receiver) + key.index) ^ (xxhash64(key.integration) << 1U);
  }
  template <typename T>
  std::size_t operator()(const T& holder) const {
    return (*this)(key_of(holder));
  }
};
struct NotificationEqual {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return as_key(a) == as_key(b);
  }

 private:
  static const NotificationKey& as_key(const NotificationKey& key) { return key; }
  template <typename T>
  static NotificationKey as_key(const T& holder) {
    return key_of(holder);
  }
};

inline NotificationKey key_of(const NotificationLogEntryPtr& entry) {
  return key_of(*entry);
}

/// T has a key_of().
template <typename T>
using NotificationSet = std::unordered_set<T, NotificationHash, NotificationEqual>;

}  // namespace tocsin::state
