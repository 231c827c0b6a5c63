// What a loss of power may take: what was written in the last 0.2 s and nobody waited for.

#include <algorithm>
#include <future>
#include <set>

#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "power_cut_vfs.hpp"
#include "state/sqlite_store.hpp"
#include "temp_folder.hpp"

namespace tocsin::state {
namespace {

using test::PowerCutVfs;
using test::TempFolder;

std::unique_ptr<Store> open(const std::string& path) {
  static VirtualLoop loop;
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, loop);
  if (!store) FAIL(store.error().message);
  CHECK((*store)->health().set_aside.empty());
  return std::move(*store);
}

bool waited_for(Store& store, void (Store::*when)(std::function<void(bool)>)) {
  std::promise<bool> done;
  (store.*when)([&done](bool ok) { done.set_value(ok); });
  return done.get_future().get();
}

void save(Store& store, int number) {
  model::Alert alert;
  alert.labels = model::Labels{{"alertname", fmt::format("{:04}", number)}};
  alert.annotations = model::Labels{{"text", std::string(500, 'x')}};
  alert.starts_at = alert.updated_at = 1;
  alert.ends_at = 2;
  store.save_alerts({std::make_shared<const model::Alert>(alert)});
  auto entry = std::make_shared<NotificationLogEntry>();
  entry->group_key = fmt::format("{:04}", number);
  entry->receiver = "r";
  entry->integration = "webhook";
  entry->sent_at = 1;
  entry->expires_at = 99;
  store.save_notification(std::move(entry));
}

/// The numbers of alerts and of log entries that are there; both are the same by then.
std::set<int> found_in(const std::string& path) {
  const auto store = open(path);
  std::set<int> alerts, entries;
  for (const model::Alert& alert : *store->load_alerts()) {
    alerts.insert(std::stoi(std::string(alert.labels.get("alertname"))));
  }
  for (const NotificationLogEntry& entry : *store->load_notifications()) entries.insert(std::stoi(entry.group_key));
  CHECK(alerts == entries);  // they are of one transaction
  return alerts;
}

}  // namespace

TEST_CASE("A loss of power takes nothing that was waited for, and leaves no hole in what came later") {
  PowerCutVfs disk;
  const TempFolder folder;
  const std::string path = folder.file("state.db"), left = folder.file("left.db");
  const auto store = open(path);
  std::size_t lost = 0;
  for (int number = 0; number < 60; ++number) {
    save(*store, number);
    const bool synced = number % 5 == 0;
    REQUIRE(waited_for(*store, synced ? &Store::flush : &Store::when_written));
    disk.cut(path, left);
    const std::set<int> found = found_in(left);
    const int certain = number - number % 5;  // the last one that was waited for until it was on disk
    INFO(number);
    REQUIRE(found.size() >= static_cast<std::size_t>(certain) + 1);
    REQUIRE(*found.rbegin() == static_cast<int>(found.size()) - 1);
    lost += static_cast<std::size_t>(number) + 1 - found.size();
  }
  CHECK(lost > 0);  // or the test does not see what is not synced
}

TEST_CASE("What nobody waits for is on disk before long, all the same") {
  PowerCutVfs disk;
  const TempFolder folder;
  const std::string path = folder.file("state.db"), left = folder.file("left.db");
  const auto store = open(path);
  for (int number = 0; number < 3; ++number) {
    save(*store, number);
    REQUIRE(waited_for(*store, &Store::when_written));
    REQUIRE(disk.wait_synced());  // by kLongestUnsynced; nothing asks for it
    disk.cut(path, left);
    CHECK(found_in(left).size() == static_cast<std::size_t>(number) + 1);
  }
}

}  // namespace tocsin::state
