// Client side caching where several sessions, their ends or the limits of memory are concerned;
// what one session is told is in tests/conformance/tracking.resp.
#include "core/services/tracking.h"

#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "core/services/tracking_table.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using services::Session;
using services::TrackingTable;
using testing::Taken;
using testing::TestEngine;

constexpr const char* kInvalidateA = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
constexpr const char* kInvalidateAll = ">2\r\n$10\r\ninvalidate\r\n_\r\n";
constexpr const char* kMessageA =
    "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n";

Session& OpenResp3(TestEngine& t) {
  Session& session = t.OpenNetwork();
  session.reply.set_protocol(3);
  return session;
}

std::string Redirect(const Session& to) { return " REDIRECT " + std::to_string(to.id) + "\r\n"; }

TEST(Tracking, MessagesOfResp2GoToASubscriberOfAnything) {
  TestEngine t;
  Session& listener = t.OpenNetwork();
  Session& reader = t.OpenNetwork();
  EXPECT_EQ(t.Raw(reader, "CLIENT TRACKING on" + Redirect(listener)), "+OK\r\n");
  t.Raw(reader, "GET a\r\n");
  t.Run("SET a 1");
  EXPECT_EQ(Taken(listener), "") << "it listens to nothing";
  t.Raw(listener, "SSUBSCRIBE x\r\n");
  t.Raw(reader, "GET a\r\n");
  t.Run("SET a 1");
  EXPECT_EQ(Taken(listener), kMessageA);
  t.Run("FLUSHALL");
  EXPECT_EQ(Taken(listener), "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
  EXPECT_EQ(t.Raw(reader, "CLIENT GETREDIR\r\n"), ":" + std::to_string(listener.id) + "\r\n");
}

TEST(Tracking, AMessageIsInTheFormOfItsReceiver) {
  TestEngine t;
  Session& modern = OpenResp3(t);
  Session& old_reader = t.OpenNetwork();
  t.Raw(old_reader, "CLIENT TRACKING on" + Redirect(modern));
  t.Raw(old_reader, "GET a\r\n");
  t.Run("SET a 1");
  t.Run("FLUSHALL");
  EXPECT_EQ(Taken(modern), std::string(kInvalidateA) + kInvalidateAll);
}

TEST(Tracking, ARedirectThatEndsIsToldAndShown) {
  TestEngine t;
  Session& listener = OpenResp3(t);
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on" + Redirect(listener));
  t.Raw(reader, "GET a\r\n");
  const std::string broken =
      ">2\r\n$21\r\ntracking-redir-broken\r\n:" + std::to_string(listener.id) + "\r\n";
  t.engine.Close(listener.id);
  t.Run("SET a 1");
  EXPECT_EQ(Taken(reader), broken);
  EXPECT_NE(t.Run("CLIENT LIST").find(" flags=tR "), std::string::npos);
  EXPECT_NE(t.Raw(reader, "CLIENT TRACKINGINFO\r\n").find("broken_redirect"), std::string::npos);
  t.Raw(reader, "GET a\r\n");
  EXPECT_EQ(t.Raw(reader, "SET a 1\r\n"), "+OK\r\n" + broken);
  EXPECT_EQ(t.Raw(reader, "CLIENT TRACKING on\r\n"), "+OK\r\n");
  EXPECT_EQ(t.Raw(reader, "CLIENT TRACKINGINFO\r\n").find("broken_redirect"), std::string::npos);
}

TEST(Tracking, ARedirectionIsBrokenOnceItsTargetHasQuit) {
  TestEngine t;
  Session& listener = OpenResp3(t);
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on" + Redirect(listener));
  t.Raw(reader, "GET a\r\n");
  t.Raw(listener, "QUIT\r\n");  // the host has not closed it yet
  t.Run("SET a 1");
  EXPECT_TRUE(Taken(reader).starts_with(">2\r\n$21\r\ntracking-redir-broken\r\n"));
  EXPECT_TRUE(Taken(listener).empty());
}

TEST(Tracking, ARunningSessionHearsOfAnothersKeysAfterItsReply) {
  TestEngine t;
  Session& writer = OpenResp3(t);
  Session& reader = t.OpenNetwork();
  t.Raw(reader, "CLIENT TRACKING on" + Redirect(writer));
  t.Raw(reader, "GET a\r\n");
  EXPECT_EQ(t.Raw(writer, "MULTI\r\nSET a 1\r\nPING\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+PONG\r\n" + std::string(kInvalidateA));
  t.Raw(reader, "CLIENT TRACKING off\r\nCLIENT TRACKING on BCAST" + Redirect(writer));
  EXPECT_EQ(t.Raw(writer, "SET a 1\r\nPING\r\n"), "+OK\r\n+PONG\r\n" + std::string(kInvalidateA));
}

TEST(Tracking, AllReadersOfAKeyAreTold) {
  TestEngine t;
  std::vector<Session*> readers;
  for (int i = 0; i < 50; ++i) readers.push_back(&OpenResp3(t));
  for (int round = 0; round < 2; ++round) {
    for (Session* reader : readers) t.Raw(*reader, "CLIENT TRACKING on\r\nGET a\r\nGET a\r\n");
  }
  EXPECT_NE(t.Run("INFO stats").find("tracking_total_keys:1\r\ntracking_total_items:50"),
            std::string::npos);
  t.engine.Close(readers.back()->id);
  readers.pop_back();
  t.Run("SET a 1");
  for (Session* reader : readers) EXPECT_EQ(Taken(*reader), kInvalidateA);
}

TEST(Tracking, WhatIsUnreadOfEvictedKeysIsNotCountedLaterEither) {
  TestEngine t;
  std::vector<Session*> readers;
  for (int i = 0; i < 10; ++i) {
    readers.push_back(&OpenResp3(t));
    t.Raw(*readers.back(), "CLIENT TRACKING on\r\n");
  }
  for (int i = 0; i < 300; ++i) {
    const std::string key = std::to_string(i) + std::string(1000, 'x');
    t.Run("SET " + key + " 1");
    for (Session* reader : readers) t.Raw(*reader, "GET " + key + "\r\n");
  }
  t.Run("CONFIG SET maxmemory-policy allkeys-lru maxmemory-eviction-tenacity 100");
  t.Run("CONFIG SET maxmemory " + std::to_string(base::HeapUsedBytes() - 40'000));
  t.Run("PING");
  const auto size = [&] { return std::stoi(t.Run("DBSIZE").substr(1)); };
  const int left = size();
  EXPECT_GT(left, 250);
  t.engine.Tick(1000);
  EXPECT_GT(size(), left - 5);
  for (Session* reader : readers) EXPECT_NE(Taken(*reader), "");
  t.engine.Tick(1000);
  EXPECT_GT(size(), left - 5) << "buffers that are empty again do not count";
  EXPECT_EQ(t.engine.services().tracking.told_bytes(), 0u);
}

TEST(Tracking, OnlySessionsOfTheProcessAreToldThatDatabasesWereSwapped) {
  TestEngine t;
  Session& client = OpenResp3(t);
  Session& local = t.engine.Open({});
  for (Session* session : {&client, &local}) t.Raw(*session, "CLIENT TRACKING on\r\n");
  t.Run("SWAPDB 0 1");
  EXPECT_EQ(Taken(client), "");
  EXPECT_EQ(local.pushes.view(), kInvalidateAll);
}

// As Redis 7.2.6 has it: I is the invalidation.
TEST(Tracking, EachCommandHasItsOrderOfEventsAndInvalidations) {
  const struct {
    const char* setup;
    const char* command;
    const char* told;
  } cases[] = {
      {"SET k 1", "SET k 2", "I set"},
      {"SET k 1", "GETDEL k", "I del"},
      {"RPUSH k a b", "LPOP k", "lpop I"},
      {"RPUSH k a", "LPOP k", "lpop del I"},
      {"RPUSH k a", "BLPOP k 0", "lpop del I"},
      {"RPUSH k a", "LMPOP 1 k LEFT", "lpop del I"},
      {"RPUSH k a b", "LTRIM k 5 6", "ltrim del I"},
      {"RPUSH k a", "LREM k 0 a", "I lrem del"},
      {"RPUSH k a", "LMOVE k k LEFT RIGHT", "I rpush lpop"},
      {"SADD k a", "SPOP k", "spop del I"},
      {"SADD k a b c", "SPOP k 2", "spop I"},
      {"SADD k a", "SREM k a", "I srem del"},
      {"SADD k a", "SMOVE k other a", "srem del I sadd"},
      {"ZADD k 1 a", "ZREM k a", "zrem del I"},
      {"ZADD k 1 a", "ZPOPMIN k", "zpopmin I del"},
      {"ZADD k 1 a", "ZREMRANGEBYRANK k 0 0", "I zremrangebyrank del"},
      {"HSET k a 1", "HDEL k a", "I hdel del"},
      {"XADD k 1-1 a b", "XTRIM k MAXLEN 0", "xtrim I"},
      {"XADD k 1-1 a b", "XSETID k 9-9", "xsetid"},
      {"SET k 1", "RENAME k other", "I rename_from rename_to"},
      {"SET k 1", "EXPIRE k 100", "I expire"},
      {"SET k 1", "DEL k", "I del"},
  };
  for (const auto& each : cases) {
    TestEngine t;
    t.Run("CONFIG SET notify-keyspace-events EA");
    t.Run(each.setup);
    Session& reader = OpenResp3(t);
    t.Raw(reader, "CLIENT TRACKING on\r\nPSUBSCRIBE *\r\nTYPE k\r\n");
    t.Run(each.command);
    const std::string output = Taken(reader);
    std::string told;
    for (size_t at = 0; at < output.size();) {
      const std::string push = testing::Render(output, &at);
      const size_t event = push.find("__:");
      told += told.empty() ? "" : " ";
      told += event == std::string::npos
                  ? "I"
                  : push.substr(event + 3, push.find('"', event) - event - 3);
    }
    EXPECT_EQ(told, each.told) << each.command;
  }
}

TEST(Tracking, AnEvictedKeyIsToldOfBeforeTheReplyOfTheCommandItMadeRoomFor) {
  TestEngine t;
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on\r\nSET a 1\r\nGET a\r\n");
  t.Run("CONFIG SET maxmemory-policy allkeys-lru");
  t.Run("CONFIG SET maxmemory 1");
  EXPECT_EQ(t.Raw(reader, "SET b 1\r\n").substr(0, std::string(kInvalidateA).size()), kInvalidateA);
  t.Run("CONFIG SET maxmemory 0");
  t.Raw(reader, "SET a 1\r\nGET a\r\nCLIENT REPLY off\r\n");
  t.Run("CONFIG SET maxmemory 1");
  EXPECT_EQ(t.Raw(reader, "SET b 1\r\n"), kInvalidateA) << "although replies are not wanted";
}

TEST(Tracking, WhatClientsAreToldOfEvictedKeysEvictsNoMore) {
  TestEngine t;
  std::vector<Session*> readers;
  for (int i = 0; i < 20; ++i) {
    readers.push_back(&OpenResp3(t));
    t.Raw(*readers.back(), "CLIENT TRACKING on\r\n");
  }
  for (int i = 0; i < 300; ++i) {
    const std::string key = std::to_string(i) + std::string(1000, 'x');
    t.Run("SET " + key + " 1");
    for (Session* reader : readers) t.Raw(*reader, "GET " + key + "\r\n");
  }
  t.Run("CONFIG SET maxmemory-policy allkeys-random");
  t.Run("CONFIG SET maxmemory-eviction-tenacity 100");
  t.Run("CONFIG SET maxmemory " + std::to_string(base::HeapUsedBytes() - 20'000));
  t.Run("PING");
  EXPECT_GT(t.engine.keyspace().stats().evicted_keys, 5u);
  EXPECT_LT(t.engine.keyspace().stats().evicted_keys, 40u);
}

TEST(Tracking, ATableThatIsTooLargeForgetsKeysAndTells) {
  TestEngine t;
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on NOLOOP\r\n");
  for (int i = 0; i < 1000; ++i) t.Raw(reader, "GET k" + std::to_string(i) + "\r\n");
  t.Run("CONFIG SET tracking-table-max-keys 850");
  const auto told = [&] {
    const std::string bytes = Taken(reader);
    size_t count = 0;
    for (size_t at = 0; (at = bytes.find(">2", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  t.Run("PING");
  EXPECT_EQ(told(), 100u) << "so many in the first round";
  t.Run("PING");
  EXPECT_EQ(told(), 50u);
  t.Run("PING");
  EXPECT_EQ(told(), 0u);
  t.Run("CONFIG SET tracking-table-max-keys 0");
  t.Raw(reader, "MGET a b c\r\n");
  t.Run("PING");
  EXPECT_EQ(Taken(reader), "");
}

TEST(Tracking, NobodyWhoTracksMeansThatNoWritePays) {
  TestEngine t;
  Session& reader = OpenResp3(t);
  Session& other = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on\r\nGET a\r\n");
  t.Raw(other, "CLIENT TRACKING on BCAST PREFIX a PREFIX b\r\n");
  EXPECT_NE(t.Run("INFO stats").find("tracking_total_prefixes:2"), std::string::npos);
  EXPECT_NE(t.Run("INFO clients").find("tracking_clients:2"), std::string::npos);
  t.engine.Close(reader.id);
  t.engine.Close(other.id);
  EXPECT_NE(t.Run("INFO stats")
                .find("tracking_total_keys:1\r\ntracking_total_items:1\r\n"
                      "tracking_total_prefixes:0"),
            std::string::npos);
  EXPECT_NE(t.Run("INFO clients").find("tracking_clients:0"), std::string::npos);
  t.Run("SET a 1");
  EXPECT_NE(t.Run("INFO stats").find("tracking_total_keys:0"), std::string::npos);
}

TEST(Tracking, ALazyFlushFreesTheTableInTheBackground) {
  TestEngine t;
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on\r\n");
  const uint64_t before = base::HeapUsedBytes();
  for (int i = 0; i < 20'000; ++i) t.Raw(reader, "GET k" + std::to_string(i) + "\r\n");
  const uint64_t full = base::HeapUsedBytes();
  EXPECT_GT(full, before + 20'000 * 32);
  t.Run("FLUSHALL ASYNC");
  EXPECT_GT(base::HeapUsedBytes(), before + 20'000 * 32);
  for (int i = 0; i < 1000; ++i) t.engine.Tick(1000);
  EXPECT_LT(base::HeapUsedBytes(), before + 100'000);
  EXPECT_NE(t.Run("INFO stats").find("tracking_total_keys:0"), std::string::npos);
}

TEST(Tracking, ManyChangedKeysAreToldInPartsBeforeTheTurnEnds) {
  TestEngine t;
  Session& listener = OpenResp3(t);
  t.Raw(listener, "CLIENT TRACKING on BCAST\r\n");
  std::vector<std::string> mset = {"MSET"};
  for (int i = 0; i < 40'000; ++i) {
    mset.push_back("key:" + std::to_string(100'000 + i));
    mset.push_back("v");
  }
  t.RunArgs(mset);
  const std::string told = Taken(listener);
  size_t messages = 0, keys = 0;
  for (size_t at = 0; (at = told.find("invalidate", at)) != std::string::npos; ++at) ++messages;
  for (size_t at = 0; (at = told.find("key:", at)) != std::string::npos; ++at) ++keys;
  EXPECT_EQ(keys, 40'000u);
  EXPECT_GE(messages, 2u);
  EXPECT_LE(messages, 4u);
}

TEST(Tracking, ALongKeyHasManyPrefixesAndFindsEach) {
  TestEngine t;
  const std::string key = "aabaacab";
  std::vector<Session*> sessions;
  std::vector<std::string> prefixes = {"",    "a",  "aab",  "aabaacab",  "b", "aabaacabx", "aac",
                                       "aaa", "aa", "aaba", "aabaacaab", "z", "ab",        "aabb"};
  for (const std::string& prefix : prefixes) {
    sessions.push_back(&OpenResp3(t));
    t.Raw(*sessions.back(), "CLIENT TRACKING on BCAST PREFIX \"" + prefix + "\"\r\n");
  }
  t.Run("SET " + key + " 1");
  for (size_t i = 0; i < prefixes.size(); ++i) {
    EXPECT_EQ(!Taken(*sessions[i]).empty(), key.starts_with(prefixes[i])) << prefixes[i];
  }
}

TEST(Tracking, WithoutMemoryToRememberAKeyItCountsAsChanged) {
  TestEngine t;
  Session& reader = OpenResp3(t);
  t.Raw(reader, "CLIENT TRACKING on\r\n");
  base::SetHeapLimit(base::HeapUsedBytes() + (16u << 20));
  std::vector<void*> blocks;
  blocks.reserve(100'000);
  for (size_t bytes = 1 << 20; bytes >= 1; bytes /= 2) {
    while (void* block = base::TryAllocate(bytes)) blocks.push_back(block);
  }
  const std::string told = t.Raw(reader, "GET a\r\n");
  for (void* block : blocks) base::Free(block);
  base::SetHeapLimit(0);
  EXPECT_EQ(told, "_\r\n" + std::string(kInvalidateAll));
}

TEST(Tracking, AnInProcessSessionGetsItsMessagesApart) {
  TestEngine t;
  Session& own = t.engine.Open({});
  t.engine.Execute(own, std::vector<std::string_view>{"CLIENT", "TRACKING", "on"});
  t.engine.Execute(own, std::vector<std::string_view>{"GET", "a"});
  own.out.Clear();
  t.engine.Execute(own, std::vector<std::string_view>{"SET", "a", "1"});
  EXPECT_EQ(Taken(own), "+OK\r\n");
  EXPECT_EQ(own.pushes.view(), kInvalidateA);
}

TEST(TrackingTable, KeepsEachSessionOnceAndCounts) {
  const base::HashSeed seed{1, 2};
  TrackingTable table(&seed);
  for (const uint64_t id : {5, 3, 9, 3, 5, 1, 9, 7}) EXPECT_TRUE(table.Add("a long name", id));
  EXPECT_TRUE(table.Add("", 4));
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.item_count(), 6u);
  EXPECT_EQ(table.Take("another"), nullptr);
  services::TrackedKey* key = table.Take("a long name");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->name(), "a long name");
  EXPECT_EQ(std::vector<uint64_t>(key->ids().begin(), key->ids().end()),
            (std::vector<uint64_t>{1, 3, 5, 7, 9}));
  TrackingTable::Free(key);
  EXPECT_EQ(table.item_count(), 1u);
  base::Prng prng(7);
  key = table.TakeRandom(prng);
  EXPECT_EQ(key->name(), "");
  TrackingTable::Free(key);
  EXPECT_EQ(table.TakeRandom(prng), nullptr);
  EXPECT_EQ(table.item_count(), 0u);
}

}  // namespace
}  // namespace kvasm
