// struct in scripts: the bytes it writes, and what hostile formats must not do.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {
namespace {

using std::string;

class Struct : public ::testing::Test {
 protected:
  string Eval(const string& script) { return t_.RunArgs({"EVAL", script, "0"}); }
  string Packed(const string& arguments) {
    return Eval("return (struct.pack(" + arguments +
                "):gsub('.', function(c) return ('%02x'):format(c:byte()) end))");
  }
  string Error(const string& call) { return Eval("return select(2, pcall(struct." + call + "))"); }
  TestEngine t_;
};

TEST_F(Struct, WritesNumbersInEitherOrder) {
  EXPECT_EQ(Packed("'<bHi3>hI4', 1, 2, 3, -2, 5"), "\"010200030000fffe00000005\"");
  EXPECT_EQ(Packed("'>d<f', 1, 1"), "\"3ff00000000000000000803f\"");
  EXPECT_EQ(Packed("'l', -1"), "\"ffffffffffffffff\"") << "8 bytes on every machine";
  EXPECT_EQ(Packed("'>i16', -1"), "\"0000000000000000ffffffffffffffff\"");
}

TEST_F(Struct, WritesStringsAndPadding) {
  EXPECT_EQ(Packed("'sc2xc0', 'ab', 'cdef', 'gh'"),
            "\"61620063640067"
            "68\"");
  EXPECT_EQ(Packed("'!4bi4', 1, 2"), "\"0100000002000000\"");
}

TEST_F(Struct, ReadsBackWhatItWrites) {
  EXPECT_EQ(Eval("return {struct.unpack('>hBc0s', struct.pack('>hBc0s', -2, 3, 'abc', 'z'))}"),
            "[:-2, \"abc\", \"z\", :9]");
  EXPECT_EQ(Eval("return {struct.unpack('B', 'abc', 2)}"), "[:98, :3]");
  EXPECT_EQ(Eval("return {struct.size('!8bdi3'), struct.size('Tl'), struct.size('c10')}"),
            "[:21, :16, :10]");
  EXPECT_EQ(Error("size, 's'"), "\"bad argument #1 to '?' (option 's' has no fixed size)\"");
}

TEST_F(Struct, SizesThatOverflowAreErrors) {
  EXPECT_EQ(Error("pack, 'i99999999999', 1"), "\"integral size overflow\"");
  EXPECT_EQ(Error("pack, 'i33', 1"), "\"integral size 33 is larger than limit of 32\"");
  EXPECT_EQ(Error("pack, '!3'"), "\"alignment 3 is not a power of 2\"");
  EXPECT_EQ(Error("unpack, 'c2147483647', 'abc'"),
            "\"bad argument #2 to '?' (data string too short)\"");
  EXPECT_EQ(Eval("return tostring(struct.size(('c2147483647'):rep(3)))"), "\"6442450941\"");
}

TEST_F(Struct, OffsetsOutOfRangeAreErrors) {
  for (const char* offset : {"5", "-1", "2^40", "2^63", "-2^63", "1/0"}) {
    EXPECT_EQ(Error(string("unpack, 'b', 'abcd', ") + offset),
              "\"bad argument #2 to '?' (data string too short)\"")
        << offset;
  }
  // Which integer it is differs between processors.
  EXPECT_NE(Error("unpack, 'b', 'abcd', 0/0"), "");
  EXPECT_EQ(Error("unpack, 'b', 'abcd', 0"),
            "\"bad argument #3 to '?' (offset must be 1 or greater)\"");
}

TEST_F(Struct, LengthsInTheDataAreChecked) {
  for (const char* bytes : {"\\255\\255\\255\\255\\255\\255\\255\\127",
                            "\\0\\0\\0\\0\\0\\0\\0\\128", "\\5\\0\\0\\0\\0\\0\\0\\0"}) {
    EXPECT_EQ(Error(string("unpack, '<lc0', '") + bytes + "abc'"),
              "\"bad argument #2 to '?' (data string too short)\"")
        << bytes;
  }
  EXPECT_EQ(Error("unpack, 'c0', 'abc'"), "\"format 'c0' needs a previous size\"");
  EXPECT_EQ(Error("unpack, 's', 'abc'"), "\"unfinished string in data\"");
}

TEST_F(Struct, AnyLetterIsObeyedOrRefused) {
  EXPECT_EQ(Eval(R"(
    local data = ('\1'):rep(64)
    local known = 0
    for byte = 1, 255 do
      if pcall(struct.unpack, string.char(byte), data .. '\0') then known = known + 1 end
    end
    return known)"),
            ":18");
}

}  // namespace
}  // namespace kvasm::testing
