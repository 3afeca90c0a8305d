// Geo: points in a sorted set, added and looked up one by one. Searches are in geo_search.cc.
#include <string>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/geo_shared.h"
#include "core/commands/zsets_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;
using types::GeoPoint;
using types::SortedSet;

// Recorded as the ZADD that it is, with the options as they were given. (Not every score is exact
// as a double.)
void RecordAsZadd(Call& call, size_t options_end, const std::vector<uint64_t>& scores) {
  if (!call.journaling()) return;
  std::vector<std::string> texts;
  texts.reserve(scores.size());
  std::vector<std::string_view> record = {"zadd"};
  for (size_t i = 1; i < options_end; ++i) record.push_back(call.arg(i));
  for (size_t i = 0; i < scores.size(); ++i) {
    record.push_back(texts.emplace_back(base::Int64Text(static_cast<int64_t>(scores[i]))));
    record.push_back(call.arg(options_end + 3 * i + 2));
  }
  call.Record(record);
}

void Geoadd(Call& call) {
  types::AddOptions options;
  bool reply_changed = false;
  Arguments in(call, 2);
  for (;;) {
    if (in.Take("NX")) {
      options.only_new = true;
    } else if (in.Take("XX")) {
      options.only_existing = true;
    } else if (in.Take("CH")) {
      reply_changed = true;
    } else {
      break;
    }
  }
  const size_t options_end = in.position();
  if (in.left() == 0 || in.left() % 3 != 0 || (options.only_new && options.only_existing)) {
    in.Fail(errors::kSyntax);
  }
  std::vector<uint64_t> scores;
  std::vector<Addition> additions;
  scores.reserve(in.left() / 3);
  additions.reserve(in.left() / 3);
  while (in.More()) {
    const GeoPoint point = ReadGeoPoint(in);
    if (!in.ok()) return;
    scores.push_back(types::GeoScoreOf(point));
    additions.push_back({static_cast<double>(scores.back()), in.Next()});
  }
  if (!in.ok()) return;
  const uint64_t changes_before = call.keyspace.stats().dirty;
  AddMembers(call, additions, options, reply_changed);
  if (call.keyspace.stats().dirty != changes_before) RecordAsZadd(call, options_end, scores);
}

// Replies one element for each member asked for: `write(score)`, or `missing()`.
template <class Write, class Missing>
void ReplyEach(Call& call, Write write, Missing missing) {
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  call.reply.Array(call.argc() - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    std::optional<double> score;
    if (entry != nullptr) score = SortedSet(entry->value(), call.context()).Score(member);
    if (score) {
      write(*score);
    } else {
      missing();
    }
  }
}

void Geohash(Call& call) {
  ReplyEach(
      call, [&](double score) { call.reply.Bulk(types::GeoHashText(score)); },
      [&] { call.reply.Null(); });
}

void Geopos(Call& call) {
  ReplyEach(
      call, [&](double score) { ReplyGeoPoint(call.reply, types::GeoPointOf(score)); },
      [&] { call.reply.NullArray(); });
}

void Geodist(Call& call) {
  double unit_metres = 1;
  if (call.argc() > 5) return call.SyntaxError();
  if (call.argc() == 5) {
    Arguments in(call, 4);
    unit_metres = ReadGeoUnit(in);
    if (!in.ok()) return;
  }
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  if (entry == nullptr) return call.reply.Null();
  const SortedSet zset(entry->value(), call.context());
  const std::optional<double> from = zset.Score(call.arg(2));
  const std::optional<double> to = zset.Score(call.arg(3));
  if (!from || !to) return call.reply.Null();
  const double metres = types::GeoDistance(types::GeoPointOf(*from), types::GeoPointOf(*to));
  ReplyDistance(call.reply, metres / unit_metres);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "geoadd",
     .handler = &Geoadd,
     .arity = -5,
     .group = Group::kGeo,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key [<condition NX | XX>~6.2.0] [change=CH~6.2.0] {data longitude:double "
               "latitude:double member}...",
     .complexity = "O(log N) for each member",
     .summary = "Adds members at positions on the Earth, or moves them."},
    {.name = "geodist",
     .handler = &Geodist,
     .arity = -4,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member1 member2 [<unit m=m | km=km | ft=ft | mi=mi>]",
     .complexity = "O(1)",
     .summary = "Returns how far apart two members are."},
    {.name = "geohash",
     .handler = &Geohash,
     .arity = -2,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [member...]",
     .complexity = "O(1) for each member",
     .summary = "Returns where members are, as geohash strings."},
    {.name = "geopos",
     .handler = &Geopos,
     .arity = -2,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [member...]",
     .complexity = "O(1) for each member",
     .summary = "Returns where members are, as longitude and latitude."},
};
static_assert(AllValid(kSpecs));

}  // namespace

GeoPoint ReadGeoPoint(Arguments& in) {
  GeoPoint point;
  point.longitude = in.Double();
  point.latitude = in.Double();
  if (in.ok() && !types::IsGeoPoint(point)) {
    in.Fail(errors::GeoPair(point.longitude, point.latitude));
  }
  return point;
}

double ReadGeoUnit(Arguments& in) {
  if (in.Take("m")) return 1;
  if (in.Take("km")) return 1000;
  if (in.Take("ft")) return 0.3048;
  if (in.Take("mi")) return 1609.34;
  in.Fail(errors::kGeoUnit);
  return 1;
}

void ReplyDistance(resp::Writer& reply, double value) {
  char text[base::kDoubleCharsMax];
  reply.Bulk({text, base::FormatDistance(text, value)});
}

void ReplyGeoPoint(resp::Writer& reply, GeoPoint point) {
  reply.Array(2);
  for (const double coordinate : {point.longitude, point.latitude}) {
    char text[2 * base::kIntCharsMax];
    const std::string_view digits(text, base::FormatCoordinate(text, coordinate));
    if (reply.protocol() == 2) {
      reply.Bulk(digits);
    } else {
      reply.Raw(",");
      reply.Raw(digits);
      reply.Raw("\r\n");
    }
  }
}

Specs GeoCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
