// Searching for points in a circle or a box: GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS
// family, which are one search with different arguments.
#include <algorithm>
#include <limits>
#include <list>
#include <string>
#include <vector>

#include "core/base/partial_sort.h"
#include "core/base/stable_sort.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/geo_shared.h"
#include "core/commands/zsets_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;
using types::GeoShape;
using types::SortedSet;

// What the commands of the family take.
enum class Form : uint8_t {
  kSearch,       // GEOSEARCH key
  kSearchStore,  // GEOSEARCHSTORE destination key
  kRadius,       // GEORADIUS key longitude latitude radius unit
  kRadiusReadOnly,
  kByMember,  // GEORADIUSBYMEMBER key member radius unit
  kByMemberReadOnly,
};
bool IsSearch(Form form) { return form == Form::kSearch || form == Form::kSearchStore; }
bool IsRadius(Form form) { return form == Form::kRadius || form == Form::kRadiusReadOnly; }

enum class Order : uint8_t { kNone, kNearest, kFarthest };

struct Query {
  Form form;
  Entry* source = nullptr;  // null: no such key
  GeoShape shape{};
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  bool any = false;
  Order order = Order::kNone;
  int64_t count = 0;  // 0: all
  bool stores = false;
  bool stores_distance = false;
  std::string_view destination{};
  // where the centre and the shape came from
  bool from_member = false;
  bool from_point = false;
  bool by_radius = false;
  bool by_box = false;
};

// --- reading the arguments ---

// Nothing is looked up, and so nothing is wrong, where there is no source.
void ReadCentreMember(Call& call, Arguments& in, Query* query) {
  const std::string_view member = in.Next();
  if (query->source == nullptr) return;
  const auto score = SortedSet(query->source->value(), call.context()).Score(member);
  if (!score) return in.Fail(errors::kGeoNoMember);
  query->shape.centre = types::GeoPointOf(*score);
}

void ReadRadius(Arguments& in, Query* query) {
  query->shape.kind = GeoShape::Kind::kCircle;
  query->shape.radius = in.Double(errors::kGeoRadiusNotNumber);
  if (in.ok() && query->shape.radius < 0) in.Fail(errors::kGeoRadiusNegative);
  if (in.ok()) query->shape.unit_metres = ReadGeoUnit(in);
}

void ReadBox(Arguments& in, Query* query) {
  query->shape.kind = GeoShape::Kind::kBox;
  query->shape.width = in.Double(errors::kGeoWidthNotNumber);
  query->shape.height = in.Double(errors::kGeoHeightNotNumber);
  if (in.ok() && (query->shape.height < 0 || query->shape.width < 0)) {
    in.Fail(errors::kGeoBoxNegative);
  }
  if (in.ok()) query->shape.unit_metres = ReadGeoUnit(in);
}

void ReadCount(Arguments& in, Query* query) {
  query->count = in.Int();
  if (in.ok() && query->count <= 0) in.Fail(errors::kGeoCount);
}

// What only GEOSEARCH and GEOSEARCHSTORE take. False if it is none of that.
bool ReadSearchOption(Call& call, Arguments& in, Query* query) {
  if (query->form == Form::kSearchStore && in.Take("STOREDIST")) {
    query->stores_distance = true;
  } else if (!query->from_point && in.TakeWithValue("FROMMEMBER")) {
    ReadCentreMember(call, in, query);
    query->from_member = true;
  } else if (!query->from_member && in.left() > 2 && in.Take("FROMLONLAT")) {
    query->shape.centre = ReadGeoPoint(in);
    query->from_point = true;
  } else if (!query->by_box && in.left() > 2 && in.Take("BYRADIUS")) {
    ReadRadius(in, query);
    query->by_radius = true;
  } else if (!query->by_radius && in.left() > 3 && in.Take("BYBOX")) {
    ReadBox(in, query);
    query->by_box = true;
  } else {
    return false;
  }
  return true;
}

// The place to store in, of GEORADIUS and GEORADIUSBYMEMBER. False if it is something else.
bool ReadStore(Arguments& in, Query* query) {
  if (query->form != Form::kRadius && query->form != Form::kByMember) return false;
  if (in.TakeWithValue("STORE")) {
    query->stores_distance = false;
  } else if (in.TakeWithValue("STOREDIST")) {
    query->stores_distance = true;
  } else {
    return false;
  }
  query->destination = in.Next();
  query->stores = true;
  return true;
}

void ReadOptions(Call& call, Arguments& in, Query* query) {
  while (in.More()) {
    if (in.Take("WITHDIST")) {
      query->with_distance = true;
    } else if (in.Take("WITHHASH")) {
      query->with_hash = true;
    } else if (in.Take("WITHCOORD")) {
      query->with_point = true;
    } else if (in.Take("ANY")) {
      query->any = true;
    } else if (in.Take("ASC")) {
      query->order = Order::kNearest;
    } else if (in.Take("DESC")) {
      query->order = Order::kFarthest;
    } else if (in.TakeWithValue("COUNT")) {
      ReadCount(in, query);
    } else if (!ReadStore(in, query) &&
               !(IsSearch(query->form) && ReadSearchOption(call, in, query))) {
      in.Fail(errors::kSyntax);
    }
  }
}

void CheckOptions(Call& call, Arguments& in, const Query& query) {
  if (!in.ok()) return;
  const bool search = IsSearch(query.form);
  if (query.stores && (query.with_distance || query.with_hash || query.with_point)) {
    in.Fail(search ? errors::kGeoSearchStoreWith : errors::kGeoStoreWith);
  } else if (search && !query.from_member && !query.from_point) {
    in.Fail(errors::GeoNeedsCentre(call.arg(0)));
  } else if (search && !query.by_radius && !query.by_box) {
    in.Fail(errors::GeoNeedsShape(call.arg(0)));
  } else if (query.any && query.count == 0) {
    in.Fail(errors::kGeoAnyNeedsCount);
  }
}

// False after replying an error.
bool ReadQuery(Call& call, Query* query) {
  Arguments in(call, 1);
  if (query->form == Form::kSearchStore) {
    query->stores = true;
    query->destination = in.Next();
  }
  if (!FindCollection(call, in.Next(), types::Type::kZset, &query->source)) return false;
  if (IsRadius(query->form)) {
    query->shape.centre = ReadGeoPoint(in);
    if (in.ok()) ReadRadius(in, query);
  } else if (!IsSearch(query->form)) {
    if (query->source == nullptr) {
      in.Skip(3);
    } else {
      ReadCentreMember(call, in, query);
      if (in.ok()) ReadRadius(in, query);
    }
  }
  ReadOptions(call, in, query);
  CheckOptions(call, in, *query);
  // The nearest ones, if it does not matter which.
  if (query->count > 0 && query->order == Order::kNone && !query->any) {
    query->order = Order::kNearest;
  }
  return in.ok();
}

// --- searching ---

struct Found {
  std::string_view member;
  double score;
  double metres;  // if the query needs it
};

// The points of a sorted set that lie in a shape.
class Search {
 public:
  Search(Call& call, const Query& query)
      : query_(query),
        zset_(query.source->value(), call.context()),
        copies_members_(query.source->encoding == types::Encoding::kZsetListpack),
        filter_(query.shape,
                query.with_distance || query.stores_distance || query.order != Order::kNone) {
    const types::GeoCells cells(query.shape);
    for (const types::GeoCell& cell : cells.cells()) {
      runs_.push_back(zset_.ByScore({.min = cell.min, .max = cell.max, .max_excluded = true}));
    }
  }

  // Bytes that the largest result would need, with what sorting it needs.
  uint64_t BytesMax() const {
    uint64_t points = 0;
    for (const types::RankRun& run : runs_) points += run.count;
    const uint64_t count = std::min(points, wanted());
    return count * sizeof(Found) * 3 + base::StableSortBytes(count, sizeof(Found));
  }

  void Run() {
    for (const types::RankRun& run : runs_) {
      if (found_.size() >= wanted()) break;
      zset_.ForEach(run, false, [&](std::string_view member, double score) -> bool {
        double metres = 0;
        if (filter_.Contains(types::GeoPointOf(score), &metres)) {
          found_.push_back({Keep(member), score, metres});
        }
        return found_.size() < wanted();
      });
    }
    Cut();
  }

  std::vector<Found>& found() { return found_; }

 private:
  // How many points end the search.
  uint64_t wanted() const {
    return query_.any ? static_cast<uint64_t>(query_.count) : std::numeric_limits<uint64_t>::max();
  }

  // Packed members are handed out for a moment only.
  std::string_view Keep(std::string_view member) {
    if (!copies_members_) return member;
    return copies_.emplace_back(member);
  }

  // Sorts as far as asked for, and leaves no more than asked for.
  void Cut() {
    const size_t all = found_.size();
    size_t returned = all;
    if (query_.count > 0 && static_cast<uint64_t>(query_.count) < all) {
      returned = static_cast<size_t>(query_.count);
    }
    if (query_.order != Order::kNone) {
      const int sign = query_.order == Order::kNearest ? 1 : -1;
      if (returned == all) {
        base::StableSort(std::span(found_), [sign](const Found& a, const Found& b) {
          return sign > 0 ? a.metres < b.metres : a.metres > b.metres;
        });
      } else {
        const auto compare = [sign](const Found& a, const Found& b) {
          return a.metres > b.metres ? sign : a.metres == b.metres ? 0 : -sign;
        };
        base::PartialSort(found_.data(), all, 0, static_cast<ptrdiff_t>(returned) - 1, compare);
      }
    }
    found_.resize(returned);
  }

  const Query& query_;
  const SortedSet zset_;
  const bool copies_members_;
  const types::GeoFilter filter_;
  std::vector<types::RankRun> runs_;
  std::vector<Found> found_;
  std::list<std::string> copies_;
};

// --- the result ---

void Reply(resp::Writer& reply, const Query& query, const std::vector<Found>& found) {
  const uint64_t extras = uint64_t{query.with_distance} + query.with_hash + query.with_point;
  reply.Array(found.size());
  for (const Found& point : found) {
    if (extras > 0) reply.Array(extras + 1);
    reply.Bulk(point.member);
    if (query.with_distance) ReplyDistance(reply, point.metres / query.shape.unit_metres);
    if (query.with_hash) reply.Integer(types::GeoScoreAsInteger(point.score));
    if (query.with_point) ReplyGeoPoint(reply, types::GeoPointOf(point.score));
  }
}

void Store(Call& call, const Query& query, const std::vector<Found>& found) {
  constexpr uint64_t kNodeBytes = 64;
  uint64_t bytes = 0;
  for (const Found& point : found) bytes += point.member.size() + kNodeBytes;
  if (!call.HaveRoom(bytes)) return;
  SortedSetResult result(types::Encoding::kZsetSkiplist, call.context());
  for (const Found& point : found) {
    result.zset().Set(point.member,
                      query.stores_distance ? point.metres / query.shape.unit_metres : point.score);
  }
  result.zset().CompactIfSmall();
  result.Store(call, query.destination, IsSearch(query.form) ? "geosearchstore" : "georadiusstore",
               found.size());
}

void RunQuery(Call& call, Form form) {
  Query query{.form = form};
  if (!ReadQuery(call, &query)) return;
  if (query.source == nullptr) {
    return query.stores ? Store(call, query, {}) : call.reply.Array(0);
  }
  Search search(call, query);
  if (!call.HaveRoom(search.BytesMax())) return;
  search.Run();
  if (query.stores) {
    Store(call, query, search.found());
  } else {
    Reply(call.reply, query, search.found());
  }
}

void Geosearch(Call& call) { RunQuery(call, Form::kSearch); }
void Geosearchstore(Call& call) { RunQuery(call, Form::kSearchStore); }
void Georadius(Call& call) { RunQuery(call, Form::kRadius); }
void GeoradiusRo(Call& call) { RunQuery(call, Form::kRadiusReadOnly); }
void Georadiusbymember(Call& call) { RunQuery(call, Form::kByMember); }
void GeoradiusbymemberRo(Call& call) { RunQuery(call, Form::kByMemberReadOnly); }

constexpr CommandSpec kSpecs[] = {
    {.name = "georadius",
     .handler = &Georadius,
     .arity = -6,
     .group = Group::kGeo,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRo | kAccess, 1), KeysAfter(kOw | kUpdate, "STORE", 6, 0, 1, 0),
               KeysAfter(kOw | kUpdate, "STOREDIST", 6, 0, 1, 0)}},
     .syntax =
         "key:key longitude:double latitude:double radius:double <unit m=m | km=km | ft=ft | "
         "mi=mi> [WITHCOORD] [WITHDIST] [WITHHASH] [{count-block COUNT count:integer [ANY~6.2.0]}] "
         "[<order ASC | DESC>] [<store STORE storekey:key'key' | STOREDIST storedistkey:key'key'>]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Finds members in a circle around a position, and may store them."},
    {.name = "georadius_ro",
     .handler = &GeoradiusRo,
     .arity = -6,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "3.2.10",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key longitude:double latitude:double radius:double <unit m=m | km=km | ft=ft | "
               "mi=mi> [WITHCOORD] [WITHDIST] [WITHHASH] [{count-block COUNT count:integer "
               "[ANY~6.2.0]}] [<order ASC | DESC>]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Finds members in a circle around a position."},
    {.name = "georadiusbymember",
     .handler = &Georadiusbymember,
     .arity = -5,
     .group = Group::kGeo,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatGeo,
     .since = "3.2.0",
     .keys = {{Keys(kRo | kAccess, 1), KeysAfter(kOw | kUpdate, "STORE", 5, 0, 1, 0),
               KeysAfter(kOw | kUpdate, "STOREDIST", 5, 0, 1, 0)}},
     .syntax = "key:key member radius:double <unit m=m | km=km | ft=ft | mi=mi> [WITHCOORD] "
               "[WITHDIST] [WITHHASH] [{count-block COUNT count:integer [ANY]}] [<order ASC | "
               "DESC>] [<store STORE storekey:key'key' | STOREDIST storedistkey:key'key'>]",
     .deprecated_since = "6.2.0",
     .replaced_by =
         "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Finds members in a circle around one of them, and may store them."},
    {.name = "georadiusbymember_ro",
     .handler = &GeoradiusbymemberRo,
     .arity = -5,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "3.2.10",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax =
         "key:key member radius:double <unit m=m | km=km | ft=ft | mi=mi> [WITHCOORD] [WITHDIST] "
         "[WITHHASH] [{count-block COUNT count:integer [ANY]}] [<order ASC | DESC>]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Finds members in a circle around one of them."},
    {.name = "geosearch",
     .handler = &Geosearch,
     .arity = -7,
     .group = Group::kGeo,
     .flags = kReadonly,
     .categories = kCatGeo,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax =
         "key:key <from FROMMEMBER member | FROMLONLAT {fromlonlat longitude:double "
         "latitude:double}> <by {circle BYRADIUS radius:double <unit m=m | km=km | ft=ft | mi=mi>} "
         "| {box BYBOX width:double height:double <unit m=m | km=km | ft=ft | mi=mi>}> [<order ASC "
         "| DESC>] [{count-block COUNT count:integer [ANY]}] [WITHCOORD] [WITHDIST] [WITHHASH]",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Finds members in a circle or a box."},
    {.name = "geosearchstore",
     .handler = &Geosearchstore,
     .arity = -8,
     .group = Group::kGeo,
     .flags = kWrite | kDenyOom,
     .categories = kCatGeo,
     .since = "6.2.0",
     .keys = {{Keys(kOw | kUpdate, 1), Keys(kRo | kAccess, 2)}},
     .syntax =
         "destination:key source:key <from FROMMEMBER member | FROMLONLAT {fromlonlat "
         "longitude:double latitude:double}> <by {circle BYRADIUS radius:double <unit m=m | km=km "
         "| ft=ft | mi=mi>} | {box BYBOX width:double height:double <unit m=m | km=km | ft=ft | "
         "mi=mi>}> [<order ASC | DESC>] [{count-block COUNT count:integer [ANY]}] [STOREDIST]",
     .complexity = "O(N + M*log M), N the points in the cells around the shape, M those inside",
     .summary = "Stores what lies in a circle or a box."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs GeoSearchCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
