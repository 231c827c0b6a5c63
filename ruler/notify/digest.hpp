#pragma once
// Digests that services ask for.

#include <string>
#include <string_view>

namespace tocsin::notify {

/// 16 bytes, for names only; empty where the system's OpenSSL refuses it.
std::string md5(std::string_view text);
/// 32 bytes.
std::string sha256(std::string_view text);
/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Lower case.
std::string hex(std::string_view bytes);

/// What a group is called outside: PagerDuty's dedup_key, Opsgenie's alias, Jira's label. SHA-256 in hex of the group's
/// key. Source: Alertmanager notify/util.go (Key.Hash).
std::string group_key_hash(std::string_view group_key);

}  // namespace tocsin::notify
