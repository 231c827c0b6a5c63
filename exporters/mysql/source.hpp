#pragma once
// The section `mysql` of agent.yml.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::mysql {

SourceInfo source_info();

}  // namespace tocsin::exporters::mysql
