#include "core/services/reply_rooms.h"

#include <gtest/gtest.h>

#include <string>

namespace kvasm::services {
namespace {

class ReplyRoomsTest : public ::testing::Test {
 protected:
  // Ten rounds over all sessions.
  void Wait() {
    for (int i = 0; i < 100; ++i) rooms_.Tick(now_ms_ += 100);
  }
  void Send(Session& session, size_t bytes) {
    session.out.Append(std::string(bytes, 'x'));
    session.out.Clear();
  }

  Sessions sessions_;
  Stats stats_;
  ReplyRooms rooms_{sessions_, stats_};
  Session& session_ = sessions_.Open();
  int64_t now_ms_ = 1'000'000;
};

TEST_F(ReplyRoomsTest, ThoseWhoReadLittleKeepLittle) {
  Send(session_, 10'000);
  EXPECT_GE(session_.out.capacity(), 10'000u);
  rooms_.set_peak_ms(100);
  Wait();
  EXPECT_EQ(session_.reply_room.bytes, ReplyRoom::kLeast);
  EXPECT_EQ(session_.out.capacity(), 0u);
  EXPECT_GT(stats_.reply_buffer_shrinks, 0u);
}

TEST_F(ReplyRoomsTest, WhatWasSentCountsAsLongAsAsked) {
  rooms_.set_peak_ms(-1);
  Send(session_, 3000);
  Wait();
  EXPECT_EQ(session_.reply_room.bytes, 3001u);
  EXPECT_GE(session_.out.capacity(), 3000u - 512);
}

TEST_F(ReplyRoomsTest, ARoomThatIsFilledGrows) {
  rooms_.set_peak_ms(100);
  Wait();
  rooms_.set_peak_ms(-1);
  for (int i = 0; i < 5; ++i) {
    Send(session_, 32'768);
    rooms_.Tick(now_ms_ += 100);
  }
  EXPECT_EQ(session_.reply_room.bytes, ReplyRoom::kMost);
  EXPECT_EQ(stats_.reply_buffer_expands, 4u);
}

TEST_F(ReplyRoomsTest, WhatIsStillToBeSentStays) {
  session_.out.Append(std::string(100, 'x'));
  rooms_.set_peak_ms(100);
  Wait();
  EXPECT_EQ(session_.out.size(), 100u);
}

TEST_F(ReplyRoomsTest, ChangesNothingWhenTold) {
  rooms_.set_resizing(false);
  Wait();
  EXPECT_EQ(session_.reply_room.bytes, ReplyRoom::kMost);
}

TEST_F(ReplyRoomsTest, EverySessionHasItsTurn) {
  for (int i = 0; i < 1000; ++i) sessions_.Open();
  rooms_.set_peak_ms(100);
  Wait();
  for (const auto& session : sessions_.all()) {
    EXPECT_EQ(session->reply_room.bytes, ReplyRoom::kLeast) << session->id;
  }
}

}  // namespace
}  // namespace kvasm::services
