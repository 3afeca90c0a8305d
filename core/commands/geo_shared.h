// Shared by the geo commands.
#pragma once

#include <string_view>

#include "core/command/arguments.h"
#include "core/types/geo.h"

namespace kvasm::commands {

// Two arguments, longitude and latitude.
types::GeoPoint ReadGeoPoint(command::Arguments& in);
// One argument, a unit of length: its metres.
double ReadGeoUnit(command::Arguments& in);
void ReplyDistance(resp::Writer& reply, double value);
void ReplyGeoPoint(resp::Writer& reply, types::GeoPoint point);

}  // namespace kvasm::commands
