// Points on the Earth as scores of a sorted set: a geohash of 52 bits, longitude and latitude (26
// bits each) interleaved, so that points close to each other have scores close to each other.
//
// Distances, cells and the rounding of every step are those of Redis 7.2, natively and in wasm: a
// sphere, haversine distances, latitudes up to 85.05 degrees as in web maps.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace kvasm::types {

// Degrees.
struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

inline constexpr double kLongitudeMax = 180;
inline constexpr double kLatitudeMax = 85.05112878;

// Whether a point can be stored.
bool IsGeoPoint(GeoPoint point);

// The score of a point, which IsGeoPoint: below 2^52, but up to 2^54 at the northern and eastern
// edge, where a double has not room for the last bits.
uint64_t GeoScoreOf(GeoPoint point);
// The middle of the score's cell (0.6 m wide). Any score names a point, as in Redis.
GeoPoint GeoPointOf(double score);
// The score as an integer: truncated, INT64_MIN if it is out of range.
int64_t GeoScoreAsInteger(double score);

// The 11 characters of the usual geohash (base 32, latitudes up to 90 degrees); the last is "0".
std::string GeoHashText(double score);

// Metres.
double GeoDistance(GeoPoint a, GeoPoint b);

// A circle or a box around a point, in some unit of length.
struct GeoShape {
  enum class Kind : uint8_t { kCircle, kBox };
  Kind kind = Kind::kCircle;
  GeoPoint centre;
  double unit_metres = 1;
  double radius = 0;  // circle
  double width = 0;   // box
  double height = 0;
};

// The scores of one cell: min <= score < max.
struct GeoCell {
  double min;
  double max;
};

// The cell of the shape's centre and those around it that the shape may touch, in the order in
// which Redis visits them.
class GeoCells {
 public:
  explicit GeoCells(const GeoShape& shape);
  std::span<const GeoCell> cells() const { return {cells_.data(), count_}; }

 private:
  std::array<GeoCell, 9> cells_{};
  size_t count_ = 0;
};

// Tells which points lie in a shape. What depends on the shape alone is worked out once.
class GeoFilter {
 public:
  // `distances`: whether Contains shall tell them.
  GeoFilter(const GeoShape& shape, bool distances);

  // `*distance` gets the metres from the centre if they were asked for and the point is inside.
  bool Contains(GeoPoint point, double* distance) const;

 private:
  bool InCircle(GeoPoint point, double* distance) const;
  bool InBox(GeoPoint point, double* distance) const;

  const GeoShape& shape_;
  const bool distances_;
  double latitude_radians_;
  double longitude_radians_;
  double latitude_cosine_;
  double north_south_metres_;  // half the height, or the radius
  double east_west_metres_;    // half the width, or the radius
  double haversine_max_;       // of east_west_metres_
};

}  // namespace kvasm::types
