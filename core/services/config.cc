#include "core/services/config.h"

namespace kvasm::services {

struct Config::State {};

Config::Config() = default;
Config::~Config() = default;
bool Config::Get(std::string_view, std::string*) const { return false; }
std::vector<Config::Pair> Config::Match(std::string_view) const { return {}; }
std::vector<std::string> Config::Names() const { return {}; }
base::Status Config::Set(std::span<const Pair>, Source) { return base::Status::Ok(); }

}  // namespace kvasm::services
