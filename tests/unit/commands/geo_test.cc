// What the geo commands owe besides their replies (those are in tests/conformance): events, journal
// records, encodings, and a model that searches the plain way.
#include "core/types/geo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/prng.h"
#include "tests/unit/support/list_events.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::ListEvents;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class GeoCommands : public ::testing::Test {
 protected:
  GeoCommands() {
    t.engine.keyspace().Attach(events_);
    t.engine.keyspace().journal().Attach(journal_);
  }
  ~GeoCommands() override {
    t.engine.keyspace().journal().Detach(journal_);
    t.engine.keyspace().Detach(events_);
  }

  Lines Events(std::string_view line) {
    events_.events.clear();
    t.Run(line);
    return events_.events;
  }
  Lines Records(std::string_view line) {
    journal_.records.clear();
    t.Run(line);
    std::erase_if(journal_.records,
                  [](const auto& record) { return record.starts_with("SELECT"); });
    return journal_.records;
  }

  TestEngine t;
  ListEvents events_;
  ListJournal journal_;
};

TEST_F(GeoCommands, GeoaddIsRecordedAsTheZaddItIs) {
  EXPECT_EQ(Records("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"),
            (Lines{"zadd g 3479099956230698 Palermo 3479447370796909 Catania"}));
  EXPECT_EQ(Records("GEOADD g xx CH 1 2 Palermo"),
            (Lines{"zadd g xx CH 3378080408407459 Palermo"}));
  EXPECT_EQ(Records("GEOADD g NX 3 4 Palermo"), Lines{});
  EXPECT_EQ(Records("GEOADD g 1 2 Palermo"), Lines{});
  // At the eastern edge a score has 54 bits: the text has them all, the score as a double has not.
  EXPECT_EQ(Records("GEOADD g 180 10.5 edge"), (Lines{"zadd g 10138961876959237 edge"}));
  EXPECT_EQ(Events("GEOADD g 1 3 Palermo"), (Lines{"zadd g"}));
}

TEST_F(GeoCommands, AnErrorAddsNothing) {
  EXPECT_EQ(t.Run("GEOADD g 1 2 a 181 2 b"),
            "-ERR invalid longitude,latitude pair 181.000000,2.000000");
  EXPECT_EQ(t.Run("EXISTS g"), ":0");
  EXPECT_EQ(t.Run("GEOADD g 1e300 2 a").size(), std::string("-ERR invalid longitude,latitude pair "
                                                            ",2.000000")
                                                        .size() +
                                                    308);
}

TEST_F(GeoCommands, StoringTellsWhichCommandStored) {
  t.Run("GEOADD g 1 2 a 1.1 2.1 b");
  EXPECT_EQ(Events("GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 100 km"), (Lines{"geosearchstore d"}));
  EXPECT_EQ(Events("GEORADIUS g 1 2 100 km STORE d"), (Lines{"georadiusstore d"}));
  EXPECT_EQ(Events("GEORADIUSBYMEMBER g a 100 km STOREDIST d"), (Lines{"georadiusstore d"}));
  EXPECT_EQ(Events("GEORADIUS g 50 50 1 km STORE d"), (Lines{"del d"}));
  EXPECT_EQ(Events("GEORADIUS g 50 50 1 km STORE d"), Lines{});
  EXPECT_EQ(Records("GEORADIUS g 1 2 100 km"), Lines{});
  EXPECT_EQ(Records("GEORADIUS g 1 2 100 km STORE d"), (Lines{"GEORADIUS g 1 2 100 km STORE d"}));
}

TEST_F(GeoCommands, StoredResultsAreAsCompactAsTheyCanBe) {
  t.Run("CONFIG SET zset-max-listpack-entries 3");
  t.Run("GEOADD g 1 1 a 1 1.1 b 1 1.2 c 1 1.3 d");
  EXPECT_EQ(t.Run("OBJECT ENCODING g"), "\"skiplist\"");
  EXPECT_EQ(t.Run("GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 25 km"), ":3");
  EXPECT_EQ(t.Run("OBJECT ENCODING d"), "\"listpack\"");
  EXPECT_EQ(t.Run("GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 50 km"), ":4");
  EXPECT_EQ(t.Run("OBJECT ENCODING d"), "\"skiplist\"");
}

TEST_F(GeoCommands, TheSourceMayBeTheDestination) {
  t.Run("GEOADD g 1 1 a 1 1.1 b 50 50 c");
  EXPECT_EQ(t.Run("GEOSEARCHSTORE g g FROMLONLAT 1 1 BYRADIUS 100 km STOREDIST"), ":2");
  EXPECT_EQ(t.Run("ZRANGE g 0 -1"), "[\"a\", \"b\"]");
}

// The model: all members, each looked at. Cells may miss what lies beyond the date line or the
// poles (as in Redis), so the centres keep away from them.
TEST_F(GeoCommands, SearchesFindWhatAPlainSearchFinds) {
  base::Prng prng(1);
  const auto between = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(prng.Next() >> 11) * 0x1p-53);
  };
  std::map<std::string, types::GeoPoint> model;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "m" + std::to_string(i);
    const types::GeoPoint point{between(-30, 30), between(-30, 30)};
    model[name] = types::GeoPointOf(static_cast<double>(types::GeoScoreOf(point)));
    t.Run("GEOADD g " + std::to_string(model[name].longitude) + " " +
          std::to_string(model[name].latitude) + " " + name);
  }
  for (auto& [name, point] : model) {
    // What was added had six digits.
    const double longitude = std::stod(std::to_string(point.longitude));
    const double latitude = std::stod(std::to_string(point.latitude));
    point = types::GeoPointOf(static_cast<double>(types::GeoScoreOf({longitude, latitude})));
  }
  for (int i = 0; i < 200; ++i) {
    types::GeoShape shape;
    const std::string longitude = std::to_string(between(-30, 30));
    const std::string latitude = std::to_string(between(-30, 30));
    shape.centre = {std::stod(longitude), std::stod(latitude)};
    shape.unit_metres = 1000;
    const int size = 1 + static_cast<int>(prng.Below(2000));
    shape.radius = size;
    shape.width = size;
    shape.height = size;
    std::string line = "GEOSEARCH g FROMLONLAT " + longitude + " " + latitude;
    if (prng.Below(2) == 0) {
      shape.kind = types::GeoShape::Kind::kBox;
      line += " BYBOX " + std::to_string(size) + " " + std::to_string(size) + " km ASC";
    } else {
      line += " BYRADIUS " + std::to_string(size) + " km ASC";
    }
    const types::GeoFilter filter(shape, true);
    std::multimap<double, std::string> inside;
    for (const auto& [name, point] : model) {
      double metres;
      if (filter.Contains(point, &metres)) inside.emplace(metres, name);
    }
    std::string expected = "[";
    for (const auto& [metres, name] : inside) {
      expected += (expected.size() > 1 ? ", \"" : "\"") + name + "\"";
    }
    EXPECT_EQ(t.Run(line), expected + "]") << line;
  }
}

}  // namespace
}  // namespace kvasm
