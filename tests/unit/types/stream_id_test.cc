#include "core/types/stream_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::types {
namespace {

constexpr uint64_t kMost = UINT64_MAX;

std::string Parsed(std::string_view text, uint64_t missing_seq = 7) {
  const auto id = ParseStreamId(text, missing_seq);
  return id ? StreamIdText(*id) : "refused";
}

TEST(StreamId, IsReadAsMillisecondsAndSequence) {
  EXPECT_EQ(Parsed("5-3"), "5-3");
  EXPECT_EQ(Parsed("5"), "5-7");
  EXPECT_EQ(Parsed("0-0"), "0-0");
  EXPECT_EQ(Parsed("18446744073709551615-18446744073709551615"),
            "18446744073709551615-18446744073709551615");
  for (const char* text : {"", "-", "+", "-5", "5-", "5-3-1", "a-1", "1-a", "5-*", "*", "5.5-1",
                           "18446744073709551616-0", "0-18446744073709551616", "5 -1", "5-1 "}) {
    EXPECT_EQ(Parsed(text), "refused") << text;
  }
  EXPECT_EQ(Parsed(std::string(127, '0')), "0-7");
  EXPECT_EQ(Parsed(std::string(128, '0')), "refused");
}

TEST(StreamId, NumbersAreReadAsLooselyAsRedisReadsThem) {
  EXPECT_EQ(Parsed("05-003"), "5-3");
  EXPECT_EQ(Parsed("+5-+3"), "5-3");
  EXPECT_EQ(Parsed(" 5-\t3"), "5-3");
  EXPECT_EQ(Parsed(std::string_view("5-3\0x", 5)), "5-3");
  // A negative number in its canonical form is refused, in another it wraps around.
  EXPECT_EQ(Parsed("5--3"), "refused");
  EXPECT_EQ(Parsed("5--03"), "5-18446744073709551613");
  EXPECT_EQ(Parsed("5--0"), "5-0");
  EXPECT_EQ(Parsed("5-+"), "refused");
}

TEST(StreamId, OfANewEntryMayLeaveTheSequenceToTheStream) {
  ASSERT_TRUE(ParseNewStreamId("5-*"));
  EXPECT_FALSE(ParseNewStreamId("5-*")->seq_given);
  EXPECT_EQ(ParseNewStreamId("5-*")->id, (StreamId{5, 0}));
  EXPECT_TRUE(ParseNewStreamId("5")->seq_given);
  EXPECT_EQ(ParseNewStreamId("5")->id, (StreamId{5, 0}));
  EXPECT_FALSE(ParseNewStreamId("5-**"));
  EXPECT_FALSE(ParseNewStreamId("*"));
  EXPECT_FALSE(ParseNewStreamId("-"));
}

TEST(StreamId, BoundsKnowEdgesAndOpenEnds) {
  EXPECT_EQ(ParseStreamBound("-", 0)->id, StreamId::Lowest());
  EXPECT_EQ(ParseStreamBound("+", 0)->id, StreamId::Highest());
  EXPECT_FALSE(ParseStreamBound("5", 0)->open);
  EXPECT_TRUE(ParseStreamBound("(5", kMost)->open);
  EXPECT_EQ(ParseStreamBound("(5", kMost)->id, (StreamId{5, kMost}));
  for (const char* text : {"(", "(-", "(+", "((5", "[5", ""}) {
    EXPECT_FALSE(ParseStreamBound(text, 0)) << text;
  }
}

TEST(StreamId, StepsCarryAndWrapAround) {
  StreamId id{5, kMost};
  EXPECT_TRUE(id.Increment());
  EXPECT_EQ(id, (StreamId{6, 0}));
  EXPECT_TRUE(id.Decrement());
  EXPECT_EQ(id, (StreamId{5, kMost}));
  id = StreamId::Highest();
  EXPECT_FALSE(id.Increment());
  EXPECT_EQ(id, StreamId::Lowest());
  EXPECT_FALSE(id.Decrement());
  EXPECT_EQ(id, StreamId::Highest());
}

TEST(StreamId, KeysAreOrderedAsIdsAndReadBack) {
  base::Prng prng(3);
  std::vector<StreamId> ids = {StreamId::Lowest(), StreamId::Highest()};
  for (int i = 0; i < 200; ++i) {
    ids.push_back({prng.Next() >> prng.Below(64), prng.Next() >> prng.Below(64)});
  }
  for (StreamId a : ids) {
    EXPECT_EQ(StreamIdOfKey(StreamKey(a).view()), a);
    for (StreamId b : ids) {
      EXPECT_EQ(StreamKey(a).view() < StreamKey(b).view(), a < b);
    }
  }
}

}  // namespace
}  // namespace kvasm::types
