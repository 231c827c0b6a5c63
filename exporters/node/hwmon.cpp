// Sensors: voltages, temperatures, fans, power, from /sys/class/hwmon.
// Source of what the files mean: Documentation/hwmon/sysfs-interface.rst of Linux; of names: node_exporter's hwmon.

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::string_view kSensorTypes[] = {
    "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
    "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"};

/// As part of a metric's or a chip's name: lower case, other characters than letters and digits become _.
std::string clean(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool keeps = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == ':' || lower == '_';
    out += keeps ? lower : '_';
  }
  const std::size_t begin = out.find_first_not_of('_');
  if (begin == std::string::npos) return {};
  return out.substr(begin, out.find_last_not_of('_') - begin + 1);
}

/// A file's name: "temp12_max_hyst" is the sensor temp12 of type temp, and its property max_hyst.
struct SensorFile {
  std::string_view type;
  std::string sensor;
  std::string_view property;
};

std::optional<SensorFile> parse_file_name(std::string_view name) {
  for (const std::string_view type : kSensorTypes) {
    if (!name.starts_with(type)) continue;
    std::string_view rest = name.substr(type.size());
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    std::uint64_t number = 0;
    if (digits > 0 && !to_number(rest.substr(0, digits), number)) return std::nullopt;
    rest.remove_prefix(digits);
    if (rest.empty() || (rest.starts_with('_') && rest.size() > 1)) {
      return SensorFile{type, fmt::format("{}{}", type, number), rest.empty() ? rest : rest.substr(1)};
    }
  }
  return std::nullopt;
}

/// How a property of a sensor is shown.
struct Shown {
  std::string name, help;
  double factor = 1;
  double divisor = 1;
  model::MetricType type = model::MetricType::kGauge;
};

Shown shown(std::string_view type, std::string_view property, std::string name) {
  const auto any_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), property) != names.end();
  };
  if (any_of({"fault", "alarm"}))
    return {std::move(name), fmt::format("Hardware sensor {} status ({})", property, type)};
  if (property == "beep") return {name + "_enabled", "Hardware monitor sensor has beeping enabled"};
  if (type == "in" || type == "cpu") {
    return {name + "_volts", fmt::format("Hardware monitor for voltage ({})", property), 0.001};
  }
  if (type == "temp" && property != "type") {
    return {name + "_celsius",
            fmt::format("Hardware monitor for temperature ({})", property.empty() ? "input" : property), 0.001};
  }
  if (type == "curr") return {name + "_amps", fmt::format("Hardware monitor for current ({})", property), 0.001};
  if (type == "energy") {
    return {name + "_joule_total", fmt::format("Hardware monitor for joules used so far ({})", property), 1, 1000000.0,
            model::MetricType::kCounter};
  }
  if (type == "power" && property == "accuracy") {
    return {std::move(name), "Hardware monitor power meter accuracy, as a ratio", 1, 1000000.0};
  }
  if (type == "power" && any_of({"average_interval", "average_interval_min", "average_interval_max"})) {
    return {name + "_seconds", fmt::format("Hardware monitor power usage update interval ({})", property), 0.001};
  }
  if (type == "power") {
    return {name + "_watt", fmt::format("Hardware monitor for power usage in watts ({})", property), 1, 1000000.0};
  }
  if (type == "humidity") {
    return {std::move(name),
            fmt::format("Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a "
                        "percentage) ({})",
                        property),
            1, 1000000.0};
  }
  if (type == "fan" && any_of({"input", "min", "max", "target"})) {
    return {name + "_rpm", fmt::format("Hardware monitor for fan revolutions per minute ({})", property)};
  }
  return {std::move(name), fmt::format("Hardware monitor {} element {}", type, property)};
}

class Hwmon final : public Collector {
 public:
  Hwmon(const NodeContext& context, Filter chips, Filter sensors)
      : fs_(context.fs),
        files_(context.fs, 256),
        folder_(context.fs, context.sys("class/hwmon")),
        chips_(std::move(chips)),
        sensors_(std::move(sensors)) {}
  std::string_view name() const override { return "hwmon"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> entries, or_no_data(folder_.list()));
    std::vector<Chip> chips;
    std::map<std::string, int> base_names;
    std::map<std::pair<std::string, std::string>, int> both_names;
    for (const std::string& entry : entries) {
      Chip chip{folder_.path() + "/" + entry, {}, {}};
      const auto info = fs_.info(chip.folder);
      if (!info || !info->directory) continue;
      chip.base_name = chip_name(chip.folder);
      if (chip.base_name.empty()) continue;
      chip.name_file = files_.text(chip.folder + "/name").value_or("");
      ++base_names[chip.base_name];
      ++both_names[{chip.base_name, chip.name_file}];
      chips.push_back(std::move(chip));
    }
    for (const Chip& chip : chips) {
      std::string name = chip.base_name;
      if (base_names[chip.base_name] > 1) {
        std::string suffix = clean(chip.name_file);
        if (suffix.empty() || both_names[{chip.base_name, chip.name_file}] > 1) {
          suffix = clean(std::filesystem::path(chip.folder).filename().string());
        }
        name += "_" + suffix;
      }
      if (chips_.shows(name)) put_chip(page, chip, name);
    }
    return {};
  }

 private:
  struct Chip {
    std::string folder, base_name, name_file;
  };
  using Properties = std::map<std::string, std::string, std::less<>>;
  struct Sensor {
    std::string_view type;
    Properties properties;
  };
  using Sensors = std::map<std::string, Sensor>;

  /// By where the device hangs ("platform_coretemp_0"), else by its driver, else by the folder.
  std::string chip_name(const std::string& folder) {
    if (const auto device = fs_.real_path(folder + "/device")) {
      const std::filesystem::path path(*device);
      const std::string name = clean(path.filename().string()), bus = clean(path.parent_path().filename().string());
      if (!name.empty()) return bus.empty() ? name : bus + "_" + name;
    }
    if (std::string name = clean(files_.text(folder + "/name").value_or("")); !name.empty()) return name;
    const auto real = fs_.real_path(folder);
    return real ? clean(std::filesystem::path(*real).filename().string()) : std::string();
  }

  void read_sensors(const std::string& folder, Sensors& sensors) {
    for (const std::string& name : files_.names(folder)) {
      const auto file = parse_file_name(name);
      if (!file) continue;
      const auto text = files_.text(folder + "/" + name);
      if (!text) continue;  // a sensor that is off
      Sensor& sensor = sensors[file->sensor];
      sensor.type = file->type;
      sensor.properties.insert_or_assign(std::string(file->property), std::string(*text));
    }
  }

  void put_chip(expo::Page& page, const Chip& chip, const std::string& name) {
    Sensors sensors;
    read_sensors(chip.folder, sensors);
    if (fs_.exists(chip.folder + "/device")) read_sensors(chip.folder + "/device", sensors);
    if (const std::string readable = clean(chip.name_file); !readable.empty()) {
      page.family("node_hwmon_chip_names", "Annotation metric for human-readable chip names", model::MetricType::kGauge)
          .put({{"chip", name}, {"chip_name", readable}}, 1);
    }
    for (const auto& [id, sensor] : sensors) {
      if (sensors_.shows(fmt::format("{};{}", name, id))) put_sensor(page, name, id, sensor);
    }
  }

  static void put_sensor(expo::Page& page, const std::string& chip, const std::string& id, const Sensor& sensor) {
    const auto put = [&](const Shown& how, double value) {
      page.family(how.name, how.help, how.type).put({{"chip", chip}, {"sensor", id}}, value * how.factor / how.divisor);
    };
    const Properties& properties = sensor.properties;
    const auto label = properties.find("label");
    if (label != properties.end()) {
      page.family("node_hwmon_sensor_label", "Label for given chip and sensor", model::MetricType::kGauge)
          .put({{"chip", chip}, {"sensor", id}, {"label", label->second}}, 1);
    }
    const auto own = properties.find("");
    double value = 0;
    if (sensor.type == "beep_enable") {
      return put({"node_hwmon_beep_enabled", "Hardware beep enabled"},
                 own != properties.end() && own->second == "1" ? 1 : 0);
    }
    if (sensor.type == "vrm" || sensor.type == "update_interval") {
      if (own == properties.end() || !parse_float(own->second, value)) return;
      return put(sensor.type == "vrm"
                     ? Shown{"node_hwmon_voltage_regulator_version", "Hardware voltage regulator"}
                     : Shown{"node_hwmon_update_interval_seconds", "Hardware monitor update interval", 0.001},
                 value);
    }
    for (const auto& [property, text] : properties) {
      if (property == "label" || !parse_float(text, value)) continue;
      std::string name = fmt::format("node_hwmon_{}", sensor.type);
      // "power1_input" is node_hwmon_power, unless there is a "power1" too.
      if (property == "input") {
        if (own != properties.end()) name += "_input";
      } else if (!property.empty()) {
        name += "_" + clean(property);
      }
      if (sensor.type == "freq" && property == "input") {
        if (label == properties.end()) continue;
        page.family(name + "_freq_mhz", "Hardware monitor for GPU frequency in MHz", model::MetricType::kGauge)
            .put({{"chip", chip}, {"sensor", clean(label->second)}}, value / 1000000.0);
        continue;
      }
      put(shown(sensor.type, property, std::move(name)), value);
    }
  }

  Fs& fs_;
  SourceFiles files_;
  SourceFolder folder_;
  Filter chips_, sensors_;
};

}  // namespace

MadeCollector make_hwmon(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter chips,
             Filter::make("--collector.hwmon.chip", options.hwmon_chip_include, options.hwmon_chip_exclude));
  TOCSIN_TRY(Filter sensors,
             Filter::make("--collector.hwmon.sensor", options.hwmon_sensor_include, options.hwmon_sensor_exclude));
  return std::make_unique<Hwmon>(context, std::move(chips), std::move(sensors));
}

}  // namespace tocsin::exporters::node
