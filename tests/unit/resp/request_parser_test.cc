// The parser against the same requests cut into pieces at every place.
#include "core/resp/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"

namespace kvasm::resp {
namespace {

using Requests = std::vector<std::vector<std::string>>;

struct Parsed {
  Requests requests;
  std::string error;
};

Parsed ParseInPieces(std::string_view bytes, const std::vector<size_t>& cuts,
                     RequestParser::Limits limits = {}) {
  Parsed parsed;
  RequestParser parser;
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : bytes.size();
    // A copy on the heap, so that views kept too long are found by the sanitizer.
    const std::string piece(bytes.substr(from, to - from));
    from = to;
    parser.Feed(piece);
    for (;;) {
      const auto outcome = parser.Next(limits);
      if (outcome == RequestParser::Outcome::kNeedMore) break;
      if (outcome == RequestParser::Outcome::kError) {
        parsed.error = parser.error();
        return parsed;
      }
      parsed.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
    }
    parser.Finish();
  }
  return parsed;
}

const std::string kStream =
    "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
    "PING\r\n"
    "\r\n"
    "*0\r\n"
    "*-1\r\n"
    "set \"a b\" 'c\\'d' \"\\x41\\n\"\n"
    "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n"
    "*1\r\n$4\r\nQUIT\r\n";
const Requests kExpected = {
    {"GET", "k"}, {"PING"}, {"set", "a b", "c'd", "A\n"}, {"SET", "", "a\r\nbc"}, {"QUIT"}};

TEST(RequestParser, ReadsMultibulkAndInlineRequestsInAnyMix) {
  EXPECT_EQ(ParseInPieces(kStream, {}).requests, kExpected);
}

TEST(RequestParser, ReadsTheSameWhereverTheStreamIsCut) {
  for (size_t cut = 0; cut <= kStream.size(); ++cut) {
    EXPECT_EQ(ParseInPieces(kStream, {cut}).requests, kExpected) << "cut at " << cut;
  }
  std::vector<size_t> every_byte;
  for (size_t i = 1; i < kStream.size(); ++i) every_byte.push_back(i);
  EXPECT_EQ(ParseInPieces(kStream, every_byte).requests, kExpected);
}

TEST(RequestParser, ReadsTheSameInRandomPieces) {
  base::Prng prng(3);
  for (int round = 0; round < 500; ++round) {
    std::vector<size_t> cuts;
    for (size_t at = prng.Below(20); at < kStream.size(); at += 1 + prng.Below(20)) {
      cuts.push_back(at);
    }
    ASSERT_EQ(ParseInPieces(kStream, cuts).requests, kExpected);
  }
}

TEST(RequestParser, ManyArgumentsDoNotPinTheirMemory) {
  std::string request = "*100000\r\n";
  for (int i = 0; i < 100'000; ++i) request += "$1\r\na\r\n";
  RequestParser parser;
  const uint64_t before = base::HeapUsedBytes();
  for (const size_t cut : {request.size(), request.size() / 2}) {
    parser.Feed(std::string_view(request).substr(0, cut));
    if (cut < request.size()) {
      ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kNeedMore);
      parser.Finish();
      parser.Feed(std::string_view(request).substr(cut));
    }
    ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kRequest);
    EXPECT_EQ(parser.arguments().size(), 100'000u);
    ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kNeedMore);
    parser.Finish();
    EXPECT_LT(base::HeapUsedBytes(), before + 100'000);
  }
}

TEST(RequestParser, CountsAndHoldsWhatAnArgumentHasAnnouncedAndNoMore) {
  constexpr size_t kArgument = 3'000'000;
  const std::string header = "*2\r\n$1\r\na\r\n$3000000\r\n";
  const std::string request = header + std::string(kArgument, 'v') + "\r\n";
  for (const size_t piece : {5'000u, 16'384u, 65'536u}) {
    RequestParser parser;
    size_t fed = 0;
    while (fed + piece < request.size()) {
      parser.Feed(std::string_view(request).substr(fed, piece));
      ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kNeedMore);
      parser.Finish();
      fed += piece;
      ASSERT_GE(parser.memory_bytes(), request.size());
      ASSERT_LT(parser.memory_bytes(), request.size() + 4096) << fed;
      ASSERT_EQ(parser.unread_bytes(), fed - header.size());
    }
    parser.Feed(std::string_view(request).substr(fed));
    ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kRequest);
    EXPECT_TRUE(parser.arguments()[1] == std::string(kArgument, 'v'));
    ASSERT_EQ(parser.Next({}), RequestParser::Outcome::kNeedMore);
    parser.Finish();
    EXPECT_EQ(parser.unread_bytes(), 0u);
    EXPECT_LT(parser.memory_bytes(), 100'000u);
  }
}

TEST(RequestParser, RefusesMalformedRequestsWithRedisTexts) {
  const std::pair<const char*, const char*> cases[] = {
      {"*abc\r\n", "ERR Protocol error: invalid multibulk length"},
      {"*3000000000\r\n", "ERR Protocol error: invalid multibulk length"},
      {"*1\r\nfoo\r\n", "ERR Protocol error: expected '$', got 'f'"},
      {"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"},
      {"*1\r\n$2000000000\r\n", "ERR Protocol error: invalid bulk length"},
      {"*1\r\n$x\r\n", "ERR Protocol error: invalid bulk length"},
      {"get \"a\r\n", "ERR Protocol error: unbalanced quotes in request"},
      {"get \"a\"b\r\n", "ERR Protocol error: unbalanced quotes in request"},
  };
  for (const auto& [bytes, error] : cases) {
    EXPECT_EQ(ParseInPieces(bytes, {}).error, error) << bytes;
  }
  EXPECT_EQ(ParseInPieces(std::string(70'000, 'x'), {}).error,
            "ERR Protocol error: too big inline request");
  EXPECT_EQ(ParseInPieces("*" + std::string(70'000, '1'), {}).error,
            "ERR Protocol error: too big mbulk count string");
  EXPECT_EQ(ParseInPieces("*1\r\n$" + std::string(70'000, '1'), {}).error,
            "ERR Protocol error: too big bulk count string");
}

TEST(RequestParser, LimitsWhatAnUnauthenticatedClientMaySend) {
  const RequestParser::Limits limits{.authenticated = false};
  EXPECT_EQ(ParseInPieces("*11\r\n", {}, limits).error,
            "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ParseInPieces("*1\r\n$16385\r\n", {}, limits).error,
            "ERR Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ParseInPieces("*1\r\n$4\r\nPING\r\n", {}, limits).requests, Requests{{"PING"}});
}

}  // namespace
}  // namespace kvasm::resp
