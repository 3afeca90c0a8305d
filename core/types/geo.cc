#include "core/types/geo.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/trigonometry.h"

namespace kvasm::types {
namespace {

constexpr double kEarthRadiusMetres = 6372797.560856;
constexpr double kPi = 3.14159265358979323846;
constexpr double kRadiansInDegree = kPi / 180;
constexpr int kSteps = 26;  // bits of each coordinate in a score

double Radians(double degrees) { return degrees * kRadiansInDegree; }
double Degrees(double radians) { return radians / kRadiansInDegree; }

// --- bits ---

// Puts a zero between any two bits.
uint64_t Spread(uint32_t value) {
  uint64_t bits = value;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & 0x5555555555555555;
}

// The reverse; odd bits are ignored.
uint32_t Gather(uint64_t bits) {
  bits &= 0x5555555555555555;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(bits | bits >> 16);
}

// What a conversion to int64 gives on x86, where Redis runs: out of range is INT64_MIN.
int64_t Truncated(double value) {
  if (!(value >= -0x1p63 && value < 0x1p63)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

// The same for uint64, which the processor does in two halves.
uint64_t TruncatedUnsigned(double value) {
  if (!(value >= 0x1p63)) return static_cast<uint64_t>(Truncated(value));
  return static_cast<uint64_t>(Truncated(value - 0x1p63)) ^ (uint64_t{1} << 63);
}

// --- cells ---

struct Range {
  double min;
  double max;
};
constexpr Range kLongitudes{-kLongitudeMax, kLongitudeMax};
constexpr Range kLatitudes{-kLatitudeMax, kLatitudeMax};

// A rectangle of a grid of 2^steps x 2^steps. At the upper edge of a range an index may be 2^steps.
struct Cell {
  uint32_t longitude;
  uint32_t latitude;
  int steps;
};

uint32_t IndexIn(Range range, double value, int steps) {
  const double offset = (value - range.min) / (range.max - range.min);
  return static_cast<uint32_t>(offset * static_cast<double>(uint64_t{1} << steps));
}

Cell CellOf(GeoPoint point, int steps) {
  return {IndexIn(kLongitudes, point.longitude, steps), IndexIn(kLatitudes, point.latitude, steps),
          steps};
}

Range Bounds(Range range, uint32_t index, int steps) {
  const auto count = static_cast<double>(uint64_t{1} << steps);
  const double scale = range.max - range.min;
  return {range.min + index / count * scale, range.min + (index + 1) / count * scale};
}

uint64_t BitsOf(Cell cell) { return Spread(cell.latitude) | Spread(cell.longitude) << 1; }

// The cell `east` and `north` cells away (-1, 0 or 1), around the world if need be.
Cell Neighbour(Cell cell, int east, int north) {
  const uint32_t mask = (uint32_t{1} << cell.steps) - 1;
  if (east != 0) cell.longitude = (cell.longitude + static_cast<uint32_t>(east)) & mask;
  if (north != 0) cell.latitude = (cell.latitude + static_cast<uint32_t>(north)) & mask;
  return cell;
}

GeoCell ScoresOf(Cell cell) {
  const int shift = 2 * (kSteps - cell.steps);
  const uint64_t bits = BitsOf(cell);
  return {static_cast<double>(bits << shift), static_cast<double>((bits + 1) << shift)};
}

// How fine a grid has cells of about a length.
int StepsOf(double metres, double latitude) {
  constexpr double kHalfEquatorMetres = 20037726.37;  // in web maps
  if (metres == 0) return kSteps;
  int steps = 1;
  for (; metres < kHalfEquatorMetres; metres *= 2) ++steps;
  steps -= 2;
  // Cells become narrow towards the poles.
  if (std::abs(latitude) > 66) --steps;
  if (std::abs(latitude) > 80) --steps;
  return std::clamp(steps, 1, kSteps);
}

struct Box {
  Range longitudes;
  Range latitudes;
};

// The degrees that a shape covers.
Box BoundsOf(const GeoShape& shape) {
  const bool circle = shape.kind == GeoShape::Kind::kCircle;
  const double height = shape.unit_metres * (circle ? shape.radius : shape.height / 2);
  const double width = shape.unit_metres * (circle ? shape.radius : shape.width / 2);
  const auto [longitude, latitude] = shape.centre;
  const double north = Degrees(height / kEarthRadiusMetres);
  const double widest = latitude < 0 ? latitude - north : latitude + north;
  const double east = Degrees(width / kEarthRadiusMetres / base::Cosine(Radians(widest)));
  return {{longitude - east, longitude + east}, {latitude - north, latitude + north}};
}

// Whether a cell and its neighbours leave a part of the box uncovered.
bool TooSmall(Cell cell, const Box& box) {
  const auto latitudes = [&](int north) {
    return Bounds(kLatitudes, Neighbour(cell, 0, north).latitude, cell.steps);
  };
  const auto longitudes = [&](int east) {
    return Bounds(kLongitudes, Neighbour(cell, east, 0).longitude, cell.steps);
  };
  return latitudes(1).max < box.latitudes.max || latitudes(-1).min > box.latitudes.min ||
         longitudes(1).max < box.longitudes.max || longitudes(-1).min > box.longitudes.min;
}

// Metres between two latitudes.
double NorthSouthMetres(double a_radians, double b_radians) {
  return kEarthRadiusMetres * std::abs(b_radians - a_radians);
}

// Metres of an angle at the Earth's centre, given as haversine.
double MetresOf(double haversine) {
  return 2.0 * kEarthRadiusMetres * base::ArcSine(std::sqrt(haversine));
}

// The haversine of an angle is only compared within this, beyond the distances themselves are.
constexpr double kMargin = 1e-12;

double HaversineOf(double metres) {
  if (!(metres < kPi * kEarthRadiusMetres)) return std::numeric_limits<double>::infinity();
  const double sine = base::Sine(metres / kEarthRadiusMetres / 2);
  return sine * sine;
}

}  // namespace

bool IsGeoPoint(GeoPoint point) {
  return !(std::abs(point.longitude) > kLongitudeMax || std::abs(point.latitude) > kLatitudeMax);
}

uint64_t GeoScoreOf(GeoPoint point) { return BitsOf(CellOf(point, kSteps)); }

GeoPoint GeoPointOf(double score) {
  const uint64_t bits = TruncatedUnsigned(score);
  const Range longitudes = Bounds(kLongitudes, Gather(bits >> 1), kSteps);
  const Range latitudes = Bounds(kLatitudes, Gather(bits), kSteps);
  const double longitude = (longitudes.min + longitudes.max) / 2;
  const double latitude = (latitudes.min + latitudes.max) / 2;
  return {std::clamp(longitude, -kLongitudeMax, kLongitudeMax),
          std::clamp(latitude, -kLatitudeMax, kLatitudeMax)};
}

int64_t GeoScoreAsInteger(double score) { return Truncated(score); }

std::string GeoHashText(double score) {
  constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const GeoPoint point = GeoPointOf(score);
  const uint64_t bits = BitsOf({IndexIn(kLongitudes, point.longitude, kSteps),
                                IndexIn({-90, 90}, point.latitude, kSteps), kSteps});
  std::string text;
  for (int shift = 2 * kSteps - 5; shift >= 0; shift -= 5) {
    text.push_back(kAlphabet[bits >> shift & 31]);
  }
  return text + '0';  // of its five bits only two would be known
}

double GeoDistance(GeoPoint a, GeoPoint b) {
  const double a_latitude = Radians(a.latitude);
  const double b_latitude = Radians(b.latitude);
  const double v = base::Sine((Radians(b.longitude) - Radians(a.longitude)) / 2);
  if (v == 0) return NorthSouthMetres(a_latitude, b_latitude);
  const double u = base::Sine((b_latitude - a_latitude) / 2);
  return MetresOf(u * u + base::Cosine(a_latitude) * base::Cosine(b_latitude) * v * v);
}

GeoCells::GeoCells(const GeoShape& shape) {
  const double length = shape.kind == GeoShape::Kind::kCircle
                            ? shape.radius
                            : std::sqrt((shape.width / 2) * (shape.width / 2) +
                                        (shape.height / 2) * (shape.height / 2));
  int steps = StepsOf(length * shape.unit_metres, shape.centre.latitude);
  Cell centre = CellOf(shape.centre, steps);
  Box box{};
  if (steps > 1) {
    box = BoundsOf(shape);
    if (TooSmall(centre, box)) centre = CellOf(shape.centre, --steps);
  }
  bool north = true;
  bool south = true;
  bool east = true;
  bool west = true;
  if (steps > 1) {
    const Range latitudes = Bounds(kLatitudes, centre.latitude, steps);
    const Range longitudes = Bounds(kLongitudes, centre.longitude, steps);
    south = !(latitudes.min < box.latitudes.min);
    north = !(latitudes.max > box.latitudes.max);
    west = !(longitudes.min < box.longitudes.min);
    east = !(longitudes.max > box.longitudes.max);
  }
  // On a coarse grid neighbours coincide: one that equals the last one visited is passed over.
  std::optional<uint64_t> last;
  const auto visit = [&](int eastwards, int northwards, bool wanted) {
    if (!wanted) return;
    const Cell cell = Neighbour(centre, eastwards, northwards);
    const uint64_t bits = BitsOf(cell);
    if (last == bits) return;
    cells_[count_++] = ScoresOf(cell);
    // The centre does not count.
    if (eastwards != 0 || northwards != 0) last = bits;
  };
  visit(0, 0, true);
  visit(0, 1, north);
  visit(0, -1, south);
  visit(1, 0, east);
  visit(-1, 0, west);
  visit(1, 1, north && east);
  visit(-1, 1, north && west);
  visit(1, -1, south && east);
  visit(-1, -1, south && west);
}

GeoFilter::GeoFilter(const GeoShape& shape, bool distances)
    : shape_(shape),
      distances_(distances),
      latitude_radians_(Radians(shape.centre.latitude)),
      longitude_radians_(Radians(shape.centre.longitude)),
      latitude_cosine_(base::Cosine(latitude_radians_)) {
  const bool circle = shape.kind == GeoShape::Kind::kCircle;
  north_south_metres_ =
      circle ? shape.radius * shape.unit_metres : shape.height * shape.unit_metres / 2;
  east_west_metres_ = circle ? north_south_metres_ : shape.width * shape.unit_metres / 2;
  haversine_max_ = HaversineOf(east_west_metres_);
}

bool GeoFilter::Contains(GeoPoint point, double* distance) const {
  return shape_.kind == GeoShape::Kind::kCircle ? InCircle(point, distance)
                                                : InBox(point, distance);
}

bool GeoFilter::InCircle(GeoPoint point, double* distance) const {
  const double latitude = Radians(point.latitude);
  const double north_south = NorthSouthMetres(latitude_radians_, latitude);
  if (north_south > north_south_metres_ * (1 + kMargin)) return false;
  const double v = base::Sine((Radians(point.longitude) - longitude_radians_) / 2);
  if (v == 0) {
    *distance = north_south;
    return !(north_south > north_south_metres_);
  }
  const double u = base::Sine((latitude - latitude_radians_) / 2);
  const double haversine = u * u + latitude_cosine_ * base::Cosine(latitude) * v * v;
  // The arc sine is left out where it cannot make a difference.
  if (haversine > haversine_max_ * (1 + kMargin)) return false;
  if (!distances_ && haversine < haversine_max_ * (1 - kMargin)) return true;
  *distance = MetresOf(haversine);
  return !(*distance > north_south_metres_);
}

bool GeoFilter::InBox(GeoPoint point, double* distance) const {
  const double latitude = Radians(point.latitude);
  if (NorthSouthMetres(latitude, latitude_radians_) > north_south_metres_) return false;
  const double v = base::Sine((longitude_radians_ - Radians(point.longitude)) / 2);
  const double cosine = base::Cosine(latitude);
  // Along the point's own latitude; with no difference of longitude the distance is 0.
  const double haversine = cosine * cosine * v * v;
  if (v != 0) {
    if (haversine > haversine_max_ * (1 + kMargin)) return false;
    const bool clear = haversine < haversine_max_ * (1 - kMargin);
    if (!clear && MetresOf(haversine) > east_west_metres_) return false;
  }
  if (!distances_) return true;
  if (v == 0) {
    *distance = NorthSouthMetres(latitude_radians_, latitude);
  } else {
    const double u = base::Sine((latitude - latitude_radians_) / 2);
    *distance = MetresOf(u * u + latitude_cosine_ * cosine * v * v);
  }
  return true;
}

}  // namespace kvasm::types
