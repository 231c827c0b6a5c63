// Software RAID: /proc/mdstat, and /sys/block/md*/md.
// Source of what the lines mean: md_seq_show() of Linux' drivers/md/md.c.

#include <algorithm>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Array {
  std::string_view name, state;
  std::uint64_t active = 0, failed = 0, spare = 0, required = 0, blocks = 0, synced = 0;
};

std::uint64_t count_of(std::string_view text, std::string_view what) {
  std::uint64_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

/// "[2/1]": two numbers between brackets or parentheses.
bool to_pair(std::string_view word, std::uint64_t& first, std::uint64_t& second) {
  const std::size_t slash = word.find('/');
  return word.size() > 2 && slash != std::string_view::npos && to_number(word.substr(1, slash - 1), first) &&
         to_number(word.substr(slash + 1, word.size() - slash - 2), second);
}

/// "4883648 blocks super 1.2 [2/1] [U_]"; arrays without redundancy and inactive ones lack the brackets.
bool read_status(std::string_view device_line, std::string_view line, Array& array) {
  if (!to_number(next_word(line), array.blocks)) return false;
  array.synced = array.blocks;
  if (device_line.contains("raid0") || device_line.contains("linear")) {
    array.required = array.active = static_cast<std::uint64_t>(std::ranges::count(device_line, '['));
    return true;
  }
  if (device_line.contains("inactive")) return true;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (word.starts_with('[') && to_pair(word, array.required, array.active)) return true;
  }
  return false;
}

/// "[=>....]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec" or "resync=DELAYED". Other lines,
/// such as the one of a bitmap, say nothing of it.
bool read_sync(std::string_view line, Array& array) {
  constexpr std::pair<std::string_view, std::string_view> kActions[] = {
      {"recovery", "recovering"}, {"reshape", "reshaping"}, {"check", "checking"}, {"resync", "resyncing"}};
  const auto action =
      std::ranges::find_if(kActions, [&](const auto& candidate) { return line.contains(candidate.first); });
  if (action == std::end(kActions)) return true;
  array.state = action->second;
  for (const std::string_view waits : {"PENDING", "DELAYED", "REMOTE"}) {
    if (!line.contains(waits)) continue;
    array.synced = 0;
    return true;
  }
  std::uint64_t all = 0;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (word.starts_with('(') && to_pair(word, array.synced, all)) return true;
  }
  return false;
}

class Mdadm final : public Collector {
 public:
  explicit Mdadm(const NodeContext& context)
      : file_(context.fs, context.proc("mdstat")), files_(context.fs), block_(context.sys("block")) {}
  std::string_view name() const override { return "mdadm"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      if (continues(line) || line.starts_with("Personalities") || line.starts_with("unused")) continue;
      TOCSIN_OK(put_array(page, line, text));
    }
    for (const std::string& device : files_.names(block_)) {
      if (device.starts_with("md")) TOCSIN_OK(put_attributes(page, device));
    }
    return {};
  }

 private:
  /// Lines of an array after its first one are indented; an empty one ends it.
  static bool continues(std::string_view line) { return trim(line).empty() || line[0] == ' ' || line[0] == '\t'; }

  /// `rest` is cut up to the array's end.
  Result<void> put_array(expo::Page& page, std::string_view line, std::string_view& rest) const {
    Array array;
    std::string_view words = line;
    array.name = next_word(words);
    next_word(words);
    array.state = next_word(words);
    if (array.state.empty()) return fail(Errc::kCorrupt, "{}: no array: \"{}\"", file_.path(), line.substr(0, 100));
    array.failed = count_of(line, "(F)");
    array.spare = count_of(line, "(S)");
    if (!read_status(line, take_line(rest), array)) {
      return fail(Errc::kCorrupt, "{}: {}: its second line has no blocks or disks", file_.path(), array.name);
    }
    while (!rest.empty() && rest[0] != '\n' && continues(rest.substr(0, 1))) {
      if (!read_sync(take_line(rest), array)) {
        return fail(Errc::kCorrupt, "{}: {}: its progress has no blocks", file_.path(), array.name);
      }
    }
    put(page, array);
    return {};
  }

  static void put(expo::Page& page, const Array& array) {
    const auto put = [&](std::string_view name, std::string_view help, double value) {
      page.family(name, help, model::MetricType::kGauge).put({{"device", array.name}}, value);
    };
    put("node_md_disks_required", "Total number of disks of device.", static_cast<double>(array.required));
    put("node_md_blocks", "Total number of blocks on device.", static_cast<double>(array.blocks));
    put("node_md_blocks_synced", "Number of blocks synced on device.", static_cast<double>(array.synced));
    auto& disks =
        page.family("node_md_disks", "Number of active/failed/spare disks of device.", model::MetricType::kGauge);
    disks.put({{"device", array.name}, {"state", "active"}}, static_cast<double>(array.active));
    disks.put({{"device", array.name}, {"state", "failed"}}, static_cast<double>(array.failed));
    disks.put({{"device", array.name}, {"state", "spare"}}, static_cast<double>(array.spare));
    constexpr std::pair<std::string_view, std::string_view> kStates[] = {{"active", "active"},
                                                                         {"inactive", "inactive"},
                                                                         {"recovering", "recovering"},
                                                                         {"resync", "resyncing"},
                                                                         {"check", "checking"}};
    auto& states = page.family("node_md_state", "Indicates the state of md-device.", model::MetricType::kGauge);
    for (const auto& [label, state] : kStates) {
      states.put({{"device", array.name}, {"state", label}}, array.state == state ? 1 : 0);
    }
  }

  Result<void> put_attributes(expo::Page& page, const std::string& device) {
    const std::string folder = fmt::format("{}/{}/md", block_, device);
    const auto level_text = files_.text(folder + "/level");
    if (!level_text) return {};  // a partition, or an array that just went
    const std::string level(*level_text);
    const bool container = level.empty() || level == "container" || level == "imsm" || level == "ddf";
    if (!container) {
      // While disks are added: "11 (10)", now and before.
      std::string_view text = files_.text(folder + "/raid_disks").value_or("");
      std::uint64_t disks = 0;
      if (to_number(next_word(text), disks)) {
        page.family("node_md_raid_disks", "Number of raid disks on device.", model::MetricType::kGauge)
            .put({{"device", device}}, static_cast<double>(disks));
      }
    }
    // Levels without redundancy have no such file.
    TOCSIN_TRY(const std::optional<double> degraded, files_.whole(folder + "/degraded"));
    page.family("node_md_degraded", "Number of degraded disks on device.", model::MetricType::kGauge)
        .put({{"device", device}}, degraded.value_or(0));
    return {};
  }

  SourceFile file_;
  SourceFiles files_;
  std::string block_;
};

}  // namespace

MadeCollector make_mdadm(const NodeContext& context) {
  return std::make_unique<Mdadm>(context);
}

}  // namespace tocsin::exporters::node
