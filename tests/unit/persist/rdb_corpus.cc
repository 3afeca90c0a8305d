#include "tests/unit/persist/rdb_corpus.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tests/unit/persist/old_forms.h"
#include "tests/unit/persist/rdb_files.h"

namespace kvasm::testing {
namespace {

using Texts = std::vector<std::string>;

// --- the elements ---

std::string Byte(int value) { return std::string(1, static_cast<char>(value)); }

std::string Little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string Big(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}

// A length in 1, 2, 5 or 9 bytes (0: the shortest).
std::string Len(uint64_t value, int width = 0) {
  if (width == 0) width = value < 64 ? 1 : value < 16384 ? 2 : value <= UINT32_MAX ? 5 : 9;
  if (width == 1) return Byte(static_cast<int>(value));
  if (width == 2) return Big(value | 0x4000, 2);
  return width == 5 ? "\x80" + Big(value, 4) : "\x81" + Big(value, 8);
}

std::string Str(const std::string& text) { return Len(text.size()) + text; }
std::string Int8(int value) { return "\xc0" + Little(static_cast<uint64_t>(value), 1); }
std::string Int16(int value) { return "\xc1" + Little(static_cast<uint64_t>(value), 2); }
std::string Int32(int64_t value) { return "\xc2" + Little(static_cast<uint64_t>(value), 4); }

// "xyz" followed by `copies` x "xyz", compressed by hand: a literal run and copies of what stands
// three bytes before.
std::string Compressed(size_t copies) {
  std::string stream = std::string("\x02") + "xyz";
  for (size_t left = copies * 3; left > 0;) {
    const size_t length = left < 264 + 3 && left > 264 ? left - 3 : std::min<size_t>(left, 264);
    left -= length;
    const size_t count = length - 2;
    stream += Byte(static_cast<int>(std::min<size_t>(count, 7) << 5));
    if (count >= 7) stream += Byte(static_cast<int>(count - 7));
    stream += Byte(2);
  }
  return "\xc3" + Len(stream.size()) + Len(3 + copies * 3) + stream;
}

std::string Double(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return Little(bits, 8);
}

// Of integers `width` bytes wide.
std::string Intset(int width, const std::vector<int64_t>& values) {
  std::string block = Little(static_cast<uint64_t>(width), 4) + Little(values.size(), 4);
  for (const int64_t value : values) block += Little(static_cast<uint64_t>(value), width);
  return block;
}

// One element: a number in the narrowest form, if the text is one and short, or a text.
std::string ListpackElement(const std::string& text) {
  const bool is_number = !text.empty() && text.size() < 12 &&
                         text.find_first_not_of("-0123456789") == std::string::npos && text != "-";
  std::string form;
  if (is_number) {
    const int64_t value = std::stoll(text);
    const auto bits = static_cast<uint64_t>(value);
    if (value >= 0 && value < 128) {
      form = Little(bits, 1);
    } else if (value >= -4096 && value < 4096) {
      form = Big(0xc000 | (bits & 0x1fff), 2);
    } else if (value >= -32768 && value < 32768) {
      form = "\xf1" + Little(bits, 2);
    } else if (value >= -(1 << 23) && value < 1 << 23) {
      form = "\xf2" + Little(bits, 3);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      form = "\xf3" + Little(bits, 4);
    } else {
      form = "\xf4" + Little(bits, 8);
    }
  } else if (text.size() < 64) {
    form = Byte(static_cast<int>(0x80 | text.size())) + text;
  } else if (text.size() < 4096) {
    form = Big(0xe000 | text.size(), 2) + text;
  } else {
    form = "\xf0" + Little(text.size(), 4) + text;
  }
  const size_t size = form.size();
  if (size < 128) return form + Byte(static_cast<int>(size));
  if (size < 16383)
    return form + Byte(static_cast<int>(size >> 7)) + Byte(static_cast<int>(128 | (size & 127)));
  return form + Byte(static_cast<int>(size >> 14)) +
         Byte(static_cast<int>(128 | (size >> 7 & 127))) +
         Byte(static_cast<int>(128 | (size & 127)));
}

// `unknown_count`: the header does not say how many there are.
std::string Listpack(const Texts& texts, bool unknown_count = false) {
  std::string elements;
  for (const std::string& text : texts) elements += ListpackElement(text);
  return Little(6 + elements.size() + 1, 4) + Little(unknown_count ? 65535 : texts.size(), 2) +
         elements + "\xff";
}

// --- the records ---

std::string Key(int type, const std::string& key) { return Byte(type) + Str(key); }

// What a version writes before the keys.
std::string Header(int version) {
  std::string header = "REDIS" + std::string(version < 10 ? "000" : "00") + std::to_string(version);
  if (version >= 7) {
    header += "\xfa" + Str("redis-ver") + Str("x.y.z") + "\xfa" + Str("redis-bits") + Int8(64);
  }
  if (version == 7 || version == 8) header += "\xfa" + Str("lua") + Str("return 1");
  if (version >= 8 && version < 10) header += "\xfa" + Str("aof-preamble") + Int8(0);
  header += "\xfe" + Len(0);
  if (version >= 7) header += "\xfb" + Len(1) + Len(0);
  return header;
}

struct Form {
  std::string name;
  int since;  // the version that first had it
  std::string records;
  std::vector<std::pair<std::string, std::string>> expected;
  std::vector<std::string> told = {};
};

const char kRuns[] = "xyzxyzxyzxyzxyzxyzxyzxyzxyz";  // "xyz" and 8 copies of it

std::vector<Form> StringForms() {
  const std::string long_text(70'000, 'q');
  const std::string middle_text(300, 'm');
  std::vector<Form> forms;
  forms.push_back({"string-plain", 1, Key(0, "k") + Str("text"), {{"GET k", "\"text\""}}});
  forms.push_back({"string-empty", 1, Key(0, "k") + Str(""), {{"GET k", "\"\""}}});
  forms.push_back({"string-14-bits",
                   1,
                   Key(0, "k") + Str(middle_text),
                   {{"GET k", "\"" + middle_text + "\""}}});
  forms.push_back({"string-32-bits",
                   1,
                   Key(0, "k") + Str(long_text),
                   {{"STRLEN k", ":70000"}, {"GETRANGE k 69999 -1", "\"q\""}}});
  forms.push_back(
      {"string-64-bits", 8, Key(0, "k") + Len(5, 9) + "eight", {{"GET k", "\"eight\""}}});
  forms.push_back({"string-int8",
                   1,
                   Key(0, "k") + Int8(-123),
                   {{"GET k", "\"-123\""}, {"OBJECT ENCODING k", "\"int\""}}});
  forms.push_back({"string-int16", 1, Key(0, "k") + Int16(-12345), {{"GET k", "\"-12345\""}}});
  forms.push_back(
      {"string-int32", 1, Key(0, "k") + Int32(-1234567890), {{"GET k", "\"-1234567890\""}}});
  forms.push_back({"string-int-as-text",
                   1,
                   Key(0, "k") + Str("9999999999"),
                   {{"GET k", "\"9999999999\""}, {"OBJECT ENCODING k", "\"int\""}}});
  forms.push_back({"string-compressed",
                   1,
                   Key(0, "k") + Compressed(8),
                   {{"GET k", "\"" + std::string(kRuns) + "\""}}});
  forms.push_back({"string-compressed-long",
                   1,
                   Key(0, "k") + Compressed(1000),
                   {{"STRLEN k", ":3003"}, {"GETRANGE k 3000 -1", "\"xyz\""}}});
  forms.push_back({"key-int", 1, Byte(0) + Int16(1000) + Str("v"), {{"GET 1000", "\"v\""}}});
  forms.push_back({"key-compressed",
                   1,
                   Byte(0) + Compressed(8) + Str("v"),
                   {{"GET " + std::string(kRuns), "\"v\""}}});
  return forms;
}

std::vector<Form> ListForms() {
  const Texts texts = {"a", "-300", "", "70000", "b"};
  const std::string all = "[\"a\", \"-300\", \"\", \"70000\", \"b\"]";
  const std::string ziplist = Ziplist({"a", "-300", "", "70000", "b"});
  const std::string listpack = Listpack(texts);
  const auto whole = [&](const std::string& encoding) {
    return std::vector<std::pair<std::string, std::string>>{
        {"LRANGE k 0 -1", all}, {"OBJECT ENCODING k", "\"" + encoding + "\""}};
  };
  std::vector<Form> forms;
  forms.push_back(
      {"list-linked", 1,
       Key(1, "k") + Len(5) + Str("a") + Int16(-300) + Str("") + Int32(70000) + Str("b"),
       whole("listpack")});
  forms.push_back({"list-ziplist", 2, Key(10, "k") + Str(ziplist), whole("quicklist")});
  forms.push_back(
      {"list-quicklist", 7,
       Key(14, "k") + Len(2) + Str(Ziplist({"a", "-300"})) + Str(Ziplist({"", "70000", "b"})),
       whole("quicklist")});
  forms.push_back({"list-quicklist-empty-node",
                   7,
                   Key(14, "k") + Len(2) + Str(ziplist) + Str(Ziplist({})),
                   {{"LRANGE k 0 -1", all}}});
  forms.push_back(
      {"list-quicklist2", 10, Key(18, "k") + Len(1) + Len(2) + Str(listpack), whole("listpack")});
  forms.push_back(
      {"list-quicklist2-plain",
       10,
       Key(18, "k") + Len(3) + Len(2) + Str(Listpack({"a"})) + Len(1) + Str("plain") + Len(2) +
           Str(Listpack({"z"}, true)),
       {{"LRANGE k 0 -1", "[\"a\", \"plain\", \"z\"]"}, {"OBJECT ENCODING k", "\"quicklist\""}}});
  forms.push_back({"list-compressed",
                   10,
                   Key(18, "k") + Len(2) + Len(1) + Compressed(8) + Len(2) + Str(listpack),
                   {{"LINDEX k 0", "\"" + std::string(kRuns) + "\""}, {"LLEN k", ":6"}}});
  return forms;
}

std::vector<Form> SetForms() {
  const std::vector<std::pair<std::string, std::string>> words = {
      {"SCARD k", ":3"}, {"SMISMEMBER k a bb 7 c", "[:1, :1, :1, :0]"}};
  const auto integers = [](const std::string& members) {
    return std::vector<std::pair<std::string, std::string>>{{"SMEMBERS k", "[" + members + "]"},
                                                            {"OBJECT ENCODING k", "\"intset\""}};
  };
  std::vector<Form> forms;
  forms.push_back({"set-table", 1, Key(2, "k") + Len(3) + Str("a") + Str("bb") + Int8(7), words});
  forms.push_back({"set-table-of-integers", 1, Key(2, "k") + Len(2) + Int8(5) + Int16(-1000),
                   integers("\"-1000\", \"5\"")});
  forms.push_back({"set-intset-16", 2, Key(11, "k") + Str(Intset(2, {-5, 1, 32767})),
                   integers("\"-5\", \"1\", \"32767\"")});
  forms.push_back({"set-intset-32", 2, Key(11, "k") + Str(Intset(4, {-70000, 1})),
                   integers("\"-70000\", \"1\"")});
  forms.push_back({"set-intset-64", 2, Key(11, "k") + Str(Intset(8, {-5000000000, 1, 5000000000})),
                   integers("\"-5000000000\", \"1\", \"5000000000\"")});
  forms.push_back({"set-listpack", 11, Key(20, "k") + Str(Listpack({"a", "bb", "7"})), words});
  return forms;
}

std::vector<Form> SortedSetForms() {
  const std::vector<std::pair<std::string, std::string>> scored = {
      {"ZRANGE k 0 -1 WITHSCORES",
       "[\"low\", \"-inf\", \"a\", \"-1.5\", \"b\", \"2\", \"high\", \"inf\"]"},
      {"OBJECT ENCODING k", "\"listpack\""}};
  const Texts pairs = {"low", "-inf", "a", "-1.5", "b", "2", "high", "inf"};
  const auto text_score = [](const std::string& text) {
    return Byte(static_cast<int>(text.size())) + text;
  };
  std::vector<Form> forms;
  forms.push_back({"zset-text-scores", 1,
                   Key(3, "k") + Len(4) + Str("b") + text_score("2") + Str("low") + "\xff" +
                       Str("high") + "\xfe" + Str("a") + text_score("-1.5"),
                   scored});
  forms.push_back({"zset-text-17-digits",
                   1,
                   Key(3, "k") + Len(1) + Str("m") + text_score("0.10000000000000001"),
                   {{"ZSCORE k m", "\"0.1\""}}});
  forms.push_back({"zset-ziplist", 2, Key(12, "k") + Str(Ziplist(pairs)), scored});
  forms.push_back({"zset-ziplist-17-digits",
                   2,
                   Key(12, "k") + Str(Ziplist({"m", "0.10000000000000001"})),
                   {{"ZSCORE k m", "\"0.1\""}}});
  forms.push_back({"zset-binary-scores", 8,
                   Key(5, "k") + Len(4) + Str("high") + Double(1.0 / 0.0) + Str("b") + Double(2) +
                       Str("a") + Double(-1.5) + Str("low") + Double(-1.0 / 0.0),
                   scored});
  forms.push_back({"zset-listpack", 10, Key(17, "k") + Str(Listpack(pairs)), scored});
  return forms;
}

std::vector<Form> HashForms() {
  const Texts pairs = {"name", "value", "n", "42", "empty", ""};
  const std::vector<std::pair<std::string, std::string>> whole = {
      {"HMGET k name n empty none", "[\"value\", \"42\", \"\", (nil)]"}, {"HLEN k", ":3"}};
  const std::string long_text(300, 'v');
  std::vector<Form> forms;
  forms.push_back({"hash-table", 1,
                   Key(4, "k") + Len(3) + Str("name") + Str("value") + Str("n") + Int8(42) +
                       Str("empty") + Str(""),
                   whole});
  forms.push_back({"hash-zipmap", 2, Key(9, "k") + Str(Zipmap(pairs)), whole});
  forms.push_back({"hash-zipmap-free-bytes", 2, Key(9, "k") + Str(Zipmap(pairs, 3)), whole});
  forms.push_back({"hash-zipmap-long-value",
                   2,
                   Key(9, "k") + Str(Zipmap({"name", long_text})),
                   {{"HSTRLEN k name", ":300"}, {"OBJECT ENCODING k", "\"hashtable\""}}});
  forms.push_back({"hash-ziplist", 4, Key(13, "k") + Str(Ziplist(pairs)), whole});
  forms.push_back({"hash-listpack", 10, Key(16, "k") + Str(Listpack(pairs)), whole});
  forms.push_back(
      {"hash-listpack-sizes",
       10,
       Key(16, "k") + Str(Listpack({"a", long_text, "b", std::string(5000, 'w'), "c", "-9000000000",
                                    "d", "-100000", "e", "-4096", "f", "2000000000"},
                                   true)),
       {{"HSTRLEN k a", ":300"},
        {"HSTRLEN k b", ":5000"},
        {"HMGET k c d e f", "[\"-9000000000\", \"-100000\", \"-4096\", \"2000000000\"]"}}});
  // Fields that end, in 2100 and never; 7.4 and a release candidate of it.
  const std::string in_2100 = "4102444800000";
  const uint64_t end = 4102444800000;
  const std::vector<std::pair<std::string, std::string>> ends = {
      {"HMGET k stays goes", "[\"1\", \"2\"]"},
      {"HPEXPIRETIME k FIELDS 2 stays goes", "[:-1, :" + in_2100 + "]"}};
  const auto with_ends = [&](const std::string& element) {
    std::string block = ListpackElement("goes") + ListpackElement("2") + element +
                        ListpackElement("stays") + ListpackElement("1") + ListpackElement("0");
    return Little(6 + block.size() + 1, 4) + Little(6, 2) + block + "\xff";
  };
  const std::string block = with_ends("\xf4" + Little(end, 8) + "\x09");
  const std::string none = Len(0) + Str("stays") + Int8(1);
  forms.push_back({"hash-table-ends", 12,
                   Key(24, "k") + Little(end, 8) + Len(2) + none + Len(1) + Str("goes") + Int8(2),
                   ends});
  forms.push_back({"hash-listpack-ends", 12, Key(25, "k") + Little(end, 8) + Str(block), ends});
  forms.push_back({"hash-table-ends-candidate", 12,
                   Key(22, "k") + Len(2) + none + Len(end) + Str("goes") + Int8(2), ends});
  forms.push_back({"hash-listpack-ends-candidate", 12, Key(23, "k") + Str(block), ends});
  return forms;
}

std::string StreamId(uint64_t ms, uint64_t seq) { return Big(ms, 8) + Big(seq, 8); }

std::vector<Form> StreamForms() {
  // 5-1 {f: v, g: w}, 5-3 deleted, 7-0 {f: x, g: y}, 9-2 {other: field}.
  const Texts node = {"3", "1", "2", "f", "g", "0", "2",     "0",     "0", "v",  "w",
                      "5", "3", "0", "2", "q", "q", "5",     "2",     "2", "-1", "x",
                      "y", "5", "0", "4", "1", "1", "other", "field", "6"};
  const std::string entries = Len(1) + Str(StreamId(5, 1)) + Str(Listpack(node));
  const std::string last = Len(3) + Len(9) + Len(2);
  const std::string facts =
      Len(5) + Len(1) + Len(5) + Len(3) + Len(4);  // first, max deleted, added
  const auto group = [](int version) {
    std::string bytes = Len(1) + Str("group") + Len(7) + Len(0);
    if (version >= 2) bytes += Len(2);  // entries read
    bytes += Len(1) + StreamId(5, 1) + Little(1'600'000'000'000, 8) + Len(3);
    bytes += Len(1) + Str("worker") + Little(1'600'000'000'001, 8);
    if (version >= 3) bytes += Little(1'600'000'000'002, 8);
    return bytes + Len(1) + StreamId(5, 1);
  };
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"XRANGE k - +",
       "[[\"5-1\", [\"f\", \"v\", \"g\", \"w\"]], [\"7-0\", [\"f\", \"x\", \"g\", \"y\"]], "
       "[\"9-2\", [\"other\", \"field\"]]]"},
      {"XPENDING k group - + 10", "[[\"5-1\", \"worker\", :100000000000, :3]]"},
  };
  const auto with = [&](int64_t added, const std::string& deleted, const std::string& read) {
    auto all = expected;
    all.push_back(
        {"XINFO STREAM k",
         "[\"length\", :3, \"radix-tree-keys\", :1, \"radix-tree-nodes\", :2, "
         "\"last-generated-id\", \"9-2\", \"max-deleted-entry-id\", \"" +
             deleted + "\", \"entries-added\", :" + std::to_string(added) +
             ", \"recorded-first-entry-id\", \"5-1\", \"groups\", :1, \"first-entry\", [\"5-1\", "
             "[\"f\", \"v\", \"g\", \"w\"]], \"last-entry\", [\"9-2\", [\"other\", \"field\"]]]"});
    all.push_back({"XINFO GROUPS k",
                   "[[\"name\", \"group\", \"consumers\", :1, \"pending\", :1, "
                   "\"last-delivered-id\", \"7-0\", \"entries-read\", " +
                       read + "]]"});
    return all;
  };
  std::vector<Form> forms;
  forms.push_back({"stream-1", 9, Key(15, "k") + entries + last + group(1),
                   with(3, "0-0", "(nil), \"lag\", (nil)")});
  forms.push_back({"stream-2", 10, Key(19, "k") + entries + last + facts + group(2),
                   with(4, "5-3", ":2, \"lag\", :2")});
  forms.push_back({"stream-3", 11, Key(21, "k") + entries + last + facts + group(3),
                   with(4, "5-3", ":2, \"lag\", :2")});
  const std::string unknown =
      Len(1) + Str("g") + Len(0) + Len(0) + Len(UINT64_MAX) + Len(0) + Len(0);
  forms.push_back(
      {"stream-empty",
       11,
       Key(21, "k") + Len(0) + Len(0) + Len(9) + Len(2) + Len(0) + Len(0) + Len(9) + Len(2) +
           Len(1) + unknown,
       {{"XLEN k", ":0"},
        {"XADD k 9-2 f v",
         "-ERR The ID specified in XADD is equal or smaller than the target stream top item"},
        {"XINFO GROUPS k",
         "[[\"name\", \"g\", \"consumers\", :0, \"pending\", :0, \"last-delivered-id\", \"0-0\", "
         "\"entries-read\", (nil), \"lag\", :0]]"}}});
  return forms;
}

std::vector<Form> OtherForms() {
  const std::string key = Key(0, "k") + Str("v");
  const std::string in_2100 = Little(4102444800123, 8);
  std::vector<Form> forms;
  forms.push_back({"expire-seconds",
                   1,
                   "\xfd" + Little(2'000'000'000, 4) + key,
                   {{"PEXPIRETIME k", ":2000000000000"}}});
  forms.push_back({"expire-seconds-past", 1, "\xfd" + Little(1, 4) + key, {}, {"put k at 1000"}});
  forms.push_back({"expire-ms", 3, "\xfc" + in_2100 + key, {{"PEXPIRETIME k", ":4102444800123"}}});
  forms.push_back({"databases",
                   1,
                   key + "\xfe" + Len(9) + key + "\xfe" + Len(3) + key,
                   {},
                   {"put k", "db 9", "put k", "db 3", "put k"}});
  forms.push_back({"database-64-bits", 8, "\xfe" + Len(9, 9) + key, {}, {"db 9", "put k"}});
  forms.push_back({"no-keys", 1, "", {{"DBSIZE", ":0"}}});
  forms.push_back({"idle", 9, "\xf8" + Len(300) + key, {}, {"put k idle 300"}});
  forms.push_back({"frequency", 9, "\xf9" + Byte(200) + key, {}, {"put k frequency 200"}});
  forms.push_back({"expire-and-idle",
                   9,
                   "\xfc" + in_2100 + "\xf8" + Len(5) + key,
                   {},
                   {"put k at 4102444800123 idle 5"}});
  forms.push_back(
      {"module-aux",
       9,
       "\xf7" + Len(0x0102030405060708, 9) + Len(2) + Len(1) + Len(5) + Str("data") + Len(0) + key,
       {{"GET k", "\"v\""}},
       {"module  AQIDBAUGB", "put k"}});
  forms.push_back(
      {"function",
       10,
       "\xf5" + Str("#!lua name=l\nredis.register_function('f', function() return 1 end)"),
       {},
       {"function #!lua name=l\nredis.register_function('f', function() return 1 end)"}});
  forms.push_back(
      {"slot-info", 12, "\xf4" + Len(16000) + Len(1) + Len(0) + key, {{"GET k", "\"v\""}}});
  forms.push_back(
      {"empty-list", 1, Key(1, "e") + Len(0) + key, {{"DBSIZE", ":1"}}, {"empty e", "put k"}});
  return forms;
}

}  // namespace

std::vector<CorpusFile> RdbCorpus() {
  constexpr int kVersionLast = 12;
  std::vector<CorpusFile> files;
  for (const auto& family : {StringForms(), ListForms(), SetForms(), SortedSetForms(), HashForms(),
                             StreamForms(), OtherForms()}) {
    for (const Form& form : family) {
      for (int version = form.since; version <= kVersionLast; ++version) {
        std::string bytes = Header(version) + form.records + "\xff";
        if (version >= 5) bytes = WithChecksum(std::move(bytes));
        files.push_back(
            {.name = (version < 10 ? "v0" : "v") + std::to_string(version) + "-" + form.name,
             .version = version,
             .bytes = std::move(bytes),
             .expected = form.expected,
             .told = form.told});
      }
    }
  }
  return files;
}

}  // namespace kvasm::testing
