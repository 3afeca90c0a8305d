#include "core/types/geo.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::types {
namespace {

constexpr GeoPoint kPalermo{13.361389, 38.115556};
constexpr GeoPoint kCatania{15.087269, 37.502669};

double Between(base::Prng& prng, double low, double high) {
  return low + (high - low) * (static_cast<double>(prng.Next() >> 11) * 0x1p-53);
}

GeoPoint RandomPoint(base::Prng& prng) {
  // Now and then at an edge or on a line that cells share.
  static constexpr double kLongitudes[] = {-180, 180, 0, 90, -45};
  static constexpr double kLatitudes[] = {-kLatitudeMax, kLatitudeMax, 0, 42.52556439, 70};
  GeoPoint point{Between(prng, -180, 180), Between(prng, -kLatitudeMax, kLatitudeMax)};
  if (prng.Below(10) == 0) point.longitude = kLongitudes[prng.Below(5)];
  if (prng.Below(10) == 0) point.latitude = kLatitudes[prng.Below(5)];
  return point;
}

// A shape of any size, from metres to more than the Earth.
GeoShape RandomShape(base::Prng& prng) {
  GeoShape shape;
  shape.centre = RandomPoint(prng);
  shape.unit_metres = prng.Below(2) == 0 ? 1 : 1000;
  const double size = std::exp(Between(prng, 0, 17)) / shape.unit_metres;
  if (prng.Below(2) == 0) {
    shape.radius = size;
  } else {
    shape.kind = GeoShape::Kind::kBox;
    shape.width = size;
    shape.height = size * Between(prng, 0.1, 2);
  }
  return shape;
}

// Haversine as one would write it down, without any shortcut.
double PlainDistance(GeoPoint a, GeoPoint b) {
  constexpr double kRadians = 3.14159265358979323846 / 180;
  const double u = std::sin((b.latitude - a.latitude) * kRadians / 2);
  const double v = std::sin((b.longitude - a.longitude) * kRadians / 2);
  const double h =
      u * u + std::cos(a.latitude * kRadians) * std::cos(b.latitude * kRadians) * v * v;
  return 2 * 6372797.560856 * std::asin(std::min(1.0, std::sqrt(h)));
}

bool PlainlyInside(const GeoShape& shape, GeoPoint point, double slack) {
  const double unit = shape.unit_metres * slack;
  if (shape.kind == GeoShape::Kind::kCircle) {
    return PlainDistance(shape.centre, point) <= shape.radius * unit;
  }
  return PlainDistance({0, shape.centre.latitude}, {0, point.latitude}) <=
             shape.height / 2 * unit &&
         PlainDistance({shape.centre.longitude, point.latitude}, point) <= shape.width / 2 * unit;
}

TEST(Geo, KnownPlacesHaveTheirKnownScores) {
  EXPECT_EQ(GeoScoreOf(kPalermo), 3479099956230698u);
  EXPECT_EQ(GeoScoreOf(kCatania), 3479447370796909u);
  EXPECT_EQ(GeoHashText(3479099956230698), "sqc8b49rny0");
  EXPECT_EQ(GeoHashText(3479447370796909), "sqdtr74hyu0");
  const GeoPoint point = GeoPointOf(3479099956230698);
  EXPECT_EQ(point.longitude, 13.36138933897018433);
  EXPECT_EQ(point.latitude, 38.11555639549629859);
  EXPECT_NEAR(GeoDistance(GeoPointOf(3479099956230698), GeoPointOf(3479447370796909)),
              166274.15156960033, 1e-8);
}

TEST(Geo, EdgesOfTheWorldAreInsideIt) {
  EXPECT_TRUE(IsGeoPoint({180, kLatitudeMax}));
  EXPECT_TRUE(IsGeoPoint({-180, -kLatitudeMax}));
  EXPECT_FALSE(IsGeoPoint({180.0001, 0}));
  EXPECT_FALSE(IsGeoPoint({0, -85.0512}));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(IsGeoPoint({infinity, 0}));
  EXPECT_EQ(GeoScoreOf({-180, -kLatitudeMax}), 0u);
  const GeoPoint corner = GeoPointOf(static_cast<double>(GeoScoreOf({180, kLatitudeMax})));
  EXPECT_EQ(corner.longitude, 180);
  EXPECT_EQ(corner.latitude, kLatitudeMax);
}

TEST(Geo, APointComesBackWithinHalfACell) {
  base::Prng prng(1);
  for (int i = 0; i < 100'000; ++i) {
    const GeoPoint point = RandomPoint(prng);
    const uint64_t score = GeoScoreOf(point);
    const GeoPoint back = GeoPointOf(static_cast<double>(score));
    // At the eastern and northern edge a double has not room for the score's last bits.
    const double cells = score > uint64_t{1} << 53 ? 4 : 1;
    EXPECT_NEAR(back.longitude, point.longitude, cells * 180.0 / (1 << 26));
    EXPECT_NEAR(back.latitude, point.latitude, cells * 90.0 / (1 << 26));
  }
}

TEST(Geo, AnyScoreNamesAPoint) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double score : {-1.0, -0.5, 1e15, 1e18, 1e19, 1e300, -1e300, infinity, -infinity,
                             9223372036854775807.0, 18446744073709551615.0, 0x1p52, 0x1p53}) {
    EXPECT_TRUE(IsGeoPoint(GeoPointOf(score))) << score;
    EXPECT_EQ(GeoHashText(score).size(), 11u);
  }
  EXPECT_EQ(GeoScoreAsInteger(-1.5), -1);
  EXPECT_EQ(GeoScoreAsInteger(0x1p62), int64_t{1} << 62);
  for (const double score : {1e19, -1e19, infinity, -infinity}) {
    EXPECT_EQ(GeoScoreAsInteger(score), std::numeric_limits<int64_t>::min());
  }
}

TEST(Geo, DistanceIsSymmetricAndZeroToItself) {
  base::Prng prng(2);
  for (int i = 0; i < 20'000; ++i) {
    const GeoPoint a = RandomPoint(prng);
    const GeoPoint b = RandomPoint(prng);
    EXPECT_EQ(GeoDistance(a, b), GeoDistance(b, a));
    EXPECT_NEAR(GeoDistance(a, b), PlainDistance(a, b), 1e-6 + PlainDistance(a, b) * 1e-7);
    EXPECT_EQ(GeoDistance(a, a), 0);
  }
}

TEST(Geo, CellsAreDisjointUnlessTheWorldIsOneCellAndHoldTheCentre) {
  base::Prng prng(3);
  for (int i = 0; i < 20'000; ++i) {
    const GeoShape shape = RandomShape(prng);
    const GeoCells cells(shape);
    ASSERT_GE(cells.cells().size(), 1u);
    ASSERT_LE(cells.cells().size(), 9u);
    const auto score = static_cast<double>(GeoScoreOf(shape.centre));
    EXPECT_LE(cells.cells()[0].min, score);
    EXPECT_GT(cells.cells()[0].max, score);
    std::set<double> starts;
    for (const GeoCell& cell : cells.cells()) {
      EXPECT_LT(cell.min, cell.max);
      EXPECT_TRUE(starts.insert(cell.min).second) << "a cell is visited twice";
    }
  }
}

// The model: every point of a crowd around the centre, by the plain formula.
TEST(Geo, FilterAgreesWithThePlainFormula) {
  base::Prng prng(4);
  constexpr double kSlack = 1e-6;
  for (int i = 0; i < 300; ++i) {
    const GeoShape shape = RandomShape(prng);
    const GeoFilter with(shape, true);
    const GeoFilter without(shape, false);
    for (int j = 0; j < 200; ++j) {
      const GeoPoint point = RandomPoint(prng);
      double metres = -1;
      double unused = -1;
      const bool inside = with.Contains(point, &metres);
      EXPECT_EQ(inside, without.Contains(point, &unused)) << "asking for distances changes nothing";
      if (PlainlyInside(shape, point, 1 - kSlack)) EXPECT_TRUE(inside);
      if (!PlainlyInside(shape, point, 1 + kSlack)) EXPECT_FALSE(inside);
      if (inside) EXPECT_EQ(metres, GeoDistance(shape.centre, point));
    }
  }
}

// Away from the poles and the date line the cells cover the whole shape.
TEST(Geo, CellsHoldEveryPointInside) {
  base::Prng prng(5);
  int inside = 0;
  for (int i = 0; i < 3000; ++i) {
    GeoShape shape = RandomShape(prng);
    shape.centre = {Between(prng, -90, 90), Between(prng, -55, 55)};
    const double metres = std::exp(Between(prng, 2, 14)) / shape.unit_metres;
    shape.radius = shape.width = shape.height = metres;
    const GeoCells cells(shape);
    const GeoFilter filter(shape, false);
    const double degrees = metres * shape.unit_metres / 111'000;
    for (int j = 0; j < 30; ++j) {
      const GeoPoint near{shape.centre.longitude + Between(prng, -1, 1) * degrees * 1.8,
                          shape.centre.latitude + Between(prng, -1, 1) * degrees};
      if (!IsGeoPoint(near)) continue;
      const auto score = static_cast<double>(GeoScoreOf(near));
      double unused = 0;
      if (!filter.Contains(GeoPointOf(score), &unused)) continue;
      ++inside;
      bool held = false;
      for (const GeoCell& cell : cells.cells()) held |= cell.min <= score && score < cell.max;
      EXPECT_TRUE(held) << near.longitude << " " << near.latitude << " " << metres;
    }
  }
  EXPECT_GT(inside, 20'000);
}

}  // namespace
}  // namespace kvasm::types
