// SORT: the elements of a list, set or sorted set, ordered by themselves or by what other keys say
// about them.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/numbers.h"
#include "core/base/partial_sort.h"
#include "core/base/room.h"
#include "core/base/stable_sort.h"
#include "core/base/text_arena.h"
#include "core/command/access.h"
#include "core/command/arguments.h"
#include "core/command/table.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/keyspace/edit.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using ds::Item;
using keyspace::Edit;
using keyspace::Entry;
using types::SortedSet;
using types::Type;

// The name of a value that belongs to an element: "weight_*", "object_*->field", or "#" for the
// element itself. As in Redis, what is special about a pattern stands before its first NUL.
class Pattern {
 public:
  explicit Pattern(std::string_view text) {
    const std::string_view visible = text.substr(0, text.find('\0'));
    is_element_ = visible == "#";
    const size_t star = visible.find('*');
    is_constant_ = star == std::string_view::npos;
    if (is_constant_) return;
    prefix_ = text.substr(0, star);
    suffix_ = text.substr(star + 1);
    const size_t arrow = visible.find("->", star + 1);
    if (arrow == std::string_view::npos || arrow + 2 == visible.size()) return;
    suffix_ = text.substr(star + 1, arrow - star - 1);
    field_ = text.substr(arrow + 2);
  }

  bool is_element() const { return is_element_; }
  // Names no key at all.
  bool is_constant() const { return is_constant_; }
  std::string_view prefix() const { return prefix_; }
  std::string_view suffix() const { return suffix_; }
  // Empty: the value is a string, not a field of a hash.
  std::string_view field() const { return field_; }

 private:
  bool is_element_ = false;
  bool is_constant_ = false;
  std::string_view prefix_;
  std::string_view suffix_;
  std::string_view field_;
};

// Reads what patterns name. What it returns is valid until the next call.
class Values {
 public:
  explicit Values(Call& call) : call_(call) {}

  std::optional<Item> Find(const Pattern& pattern, std::string_view element) {
    if (pattern.is_element()) return Item(element);
    if (pattern.is_constant()) return std::nullopt;
    key_.assign(pattern.prefix());
    key_.append(element);
    key_.append(pattern.suffix());
    Entry* entry = call_.keyspace.Find(call_.db, key_);
    if (entry == nullptr) return std::nullopt;
    if (!pattern.field().empty()) {
      if (entry->type() != Type::kHash) return std::nullopt;
      return types::Hash(entry->value(), call_.context()).Get(pattern.field());
    }
    if (!entry->IsString()) return std::nullopt;
    if (entry->encoding == types::Encoding::kInt) return Item(entry->IntValue());
    return Item(keyspace::StringOf(*entry, digits_));
  }

 private:
  Call& call_;
  std::string key_;
  keyspace::IntText digits_;
};

struct Query {
  std::optional<Pattern> by{};
  std::vector<Pattern> get{};
  int64_t limit_start = 0;
  int64_t limit_count = -1;  // negative: all
  bool descending = false;
  bool alpha = false;
  bool unsorted = false;  // BY a constant
  bool stores = false;
  std::string_view destination{};

  uint64_t columns() const { return get.empty() ? 1 : get.size(); }
};

// Which keys BY and GET name, no argument tells: those who may not read all may not use them.
bool MayReadAnyKey(const Call& call) {
  const services::AclUser& user = *call.session.user;
  if (user.all_powerful()) return true;
  const auto index = static_cast<size_t>(call.table.IndexOf(call.spec));
  return command::MayReadAnyKey(user, call.spec, index, call.args);
}

// False after replying an error.
bool ReadQuery(Call& call, bool may_store, Query* query) {
  Arguments in(call, 2);
  const bool may_read_any = MayReadAnyKey(call);
  while (in.More()) {
    if (in.Take("ASC")) {
      query->descending = false;
    } else if (in.Take("DESC")) {
      query->descending = true;
    } else if (in.Take("ALPHA")) {
      query->alpha = true;
    } else if (in.left() > 2 && in.Take("LIMIT")) {
      query->limit_start = in.Int();
      query->limit_count = in.Int();
    } else if (may_store && in.TakeWithValue("STORE")) {
      query->destination = in.Next();
      query->stores = true;
    } else if (in.TakeWithValue("BY")) {
      query->by = Pattern(in.Next());
      // Once asked for, it stays so, as in Redis, even if another BY follows.
      if (query->by->is_constant()) {
        query->unsorted = true;
      } else if (!may_read_any) {
        in.Fail(errors::kSortByDenied);
      }
    } else if (in.TakeWithValue("GET")) {
      query->get.emplace_back(in.Next());
      if (!may_read_any) in.Fail(errors::kSortGetDenied);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

struct Element {
  std::string_view text;
  double weight = 0;
  // ALPHA BY: what to compare instead of the text; no data: there is nothing.
  std::string_view by{};
};

int Sign(bool less, bool greater) { return greater ? 1 : less ? -1 : 0; }

int CompareBytes(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return Sign(order<0, order> 0);
}

// As strcoll in the C locale, which ends at a NUL.
int Collate(std::string_view a, std::string_view b) {
  return CompareBytes(a.substr(0, a.find('\0')), b.substr(0, b.find('\0')));
}

// Whether one more small text may be kept; if not, OOM has been replied.
bool MayKeep(Call& call, base::RoomAhead& room, uint64_t bytes) {
  const uint64_t asked = room.Take(bytes);
  return asked == 0 || call.HaveRoomForBlocks(asked);
}

// The elements of a collection, in the order asked for.
class Sorter {
 public:
  Sorter(Call& call, const Query& query, Entry* source)
      : call_(call), query_(query), source_(source), values_(call) {
    if (source == nullptr) return;
    size_ = types::ValueSize(source->encoding, source->data);
    const auto size = static_cast<int64_t>(size_);
    const int64_t start = std::clamp<int64_t>(query.limit_start, 0, size);
    first_ = static_cast<uint64_t>(start);
    count_ = size_ - first_;
    if (query.limit_count >= 0) {
      count_ = std::min(count_, static_cast<uint64_t>(query.limit_count));
    }
    // A set has no order: where it is stored all the same, members are sorted, so that replicas
    // store the same.
    const bool set = source->type() == Type::kSet;
    orders_set_ = query.unsorted && (query.stores || call.in_script) && set;
    sorts_ = !query.unsorted || orders_set_;
    cuts_early_ = !sorts_ && !set;
  }

  // False after replying an error.
  bool Run() {
    constexpr uint64_t kNodeBytes = 64;  // of a skip list, which a sorted set becomes
    if (source_ == nullptr) return true;
    if (!call_.HaveRoom(ValueBytes(source_, Precision::kCounted) +
                        size_ * (sizeof(Element) + kNodeBytes) +
                        base::StableSortBytes(size_, sizeof(Element)))) {
      return false;
    }
    Load();
    if (!sorts_) return true;
    if (!Weigh()) return false;
    if (count_ > 0) Sort();
    return true;
  }

  // What was asked for; valid while this lives.
  std::span<const Element> result() const {
    if (cuts_early_) return elements_;
    return std::span(elements_).subspan(first_, count_);
  }

 private:
  bool alpha() const { return query_.alpha || orders_set_; }
  // Null: elements are sorted by themselves.
  const Pattern* by() const { return query_.by && !orders_set_ ? &*query_.by : nullptr; }

  void Add(std::string_view text) { elements_.push_back({.text = texts_.Keep(text)}); }
  void Add(const Item& item) {
    ds::NumberText scratch;
    Add(item.Text(scratch));
  }

  // All elements, or, where they stay as they are, only those asked for.
  void Load() {
    const uint64_t count = cuts_early_ ? count_ : size_;
    elements_.reserve(count);
    const bool backwards = cuts_early_ && query_.descending;
    const uint64_t first = cuts_early_ ? first_ : 0;
    if (source_->type() == Type::kSet) {
      types::Set(source_->value(), call_.context()).ForEach([&](const Item& item) { Add(item); });
    } else if (source_->type() == Type::kList) {
      if (count == 0) return;
      const types::List list(source_->value(), call_.context());
      list.Walk(backwards ? size_ - 1 - first : first, count, backwards, [&](const Item& item) {
        Add(item);
        return true;
      });
    } else {
      if (source_->encoding == types::Encoding::kZsetListpack) IndexSource();
      const SortedSet zset(source_->value(), call_.context());
      const uint64_t lowest = backwards ? size_ - first - count : first;
      zset.ForEach({static_cast<uint32_t>(lowest), static_cast<uint32_t>(count)}, backwards,
                   [&](std::string_view member, double) { Add(member); });
    }
  }

  // Turns the source into a skip list, which it becomes in Redis, too: OBJECT ENCODING tells.
  void IndexSource() {
    Edit edit(call_.keyspace, call_.db, call_.arg(1));
    SortedSet(edit.Value(), call_.context()).BecomeSkipList();
  }

  // Finds out what each element is sorted by. False after replying an error.
  bool Weigh() {
    if (alpha() && by() == nullptr) return true;
    base::RoomAhead room;
    for (Element& element : elements_) {
      const auto value =
          by() != nullptr ? values_.Find(*by(), element.text) : std::optional(Item(element.text));
      if (!value) continue;
      if (alpha()) {
        ds::NumberText scratch;
        const std::string_view text = value->Text(scratch);
        if (!MayKeep(call_, room, text.size())) return false;
        element.by = texts_.Keep(text);
      } else if (value->is_integer()) {
        element.weight = static_cast<double>(value->number());
      } else {
        const std::optional<double> weight = base::ParseDoubleInRange(value->bytes());
        if (!weight) {
          call_.reply.Error(errors::kSortNotDouble);
          return false;
        }
        element.weight = *weight;
      }
    }
    return true;
  }

  // What is stored must not depend on a locale; what is replied follows it.
  int CompareTexts(std::string_view a, std::string_view b) const {
    return query_.stores ? CompareBytes(a, b) : Collate(a, b);
  }

  int Compare(const Element& a, const Element& b) const {
    if (!alpha()) {
      const int order = Sign(a.weight<b.weight, a.weight> b.weight);
      return order != 0 ? order : CompareBytes(a.text, b.text);
    }
    if (by() == nullptr) return CompareTexts(a.text, b.text);
    const bool both = a.by.data() != nullptr && b.by.data() != nullptr;
    if (both) return CompareTexts(a.by, b.by);
    return Sign(b.by.data() != nullptr, a.by.data() != nullptr);
  }

  void Sort() {
    const auto compare = [this](const Element& a, const Element& b) {
      return query_.descending ? Compare(b, a) : Compare(a, b);
    };
    if (by() != nullptr && count_ < size_) {
      base::PartialSort(elements_.data(), elements_.size(), static_cast<ptrdiff_t>(first_),
                        static_cast<ptrdiff_t>(first_ + count_) - 1, compare);
    } else {
      base::StableSort(std::span(elements_),
                       [&](const Element& a, const Element& b) { return compare(a, b) < 0; });
    }
  }

  Call& call_;
  const Query& query_;
  Entry* const source_;
  Values values_;
  base::TextArena texts_;
  std::vector<Element> elements_;
  uint64_t size_ = 0;
  uint64_t first_ = 0;  // of the elements asked for
  uint64_t count_ = 0;
  bool orders_set_ = false;
  bool sorts_ = false;
  bool cuts_early_ = false;
};

void Reply(Call& call, const Query& query, std::span<const Element> elements) {
  Values values(call);
  call.reply.Array(elements.size() * query.columns());
  for (const Element& element : elements) {
    if (call.reply.buffer().failed()) return;
    if (query.get.empty()) call.reply.Bulk(element.text);
    for (const Pattern& pattern : query.get) {
      const std::optional<Item> value = values.Find(pattern, element.text);
      if (value) {
        ReplyItem(call.reply, *value);
      } else {
        call.reply.Null();
      }
    }
  }
}

// Appends the elements, or what belongs to them; what is missing is stored as "". False after
// replying an error.
bool Fill(Call& call, const Query& query, std::span<const Element> elements,
          types::ListBuilder* list) {
  constexpr uint64_t kItemBytes = 16;
  base::RoomAhead room;
  Values values(call);
  const auto append = [&](std::string_view text) {
    if (!MayKeep(call, room, text.size() + kItemBytes)) return false;
    list->Append(text);
    return true;
  };
  for (const Element& element : elements) {
    if (query.get.empty() && !append(element.text)) return false;
    for (const Pattern& pattern : query.get) {
      const std::optional<Item> value = values.Find(pattern, element.text);
      ds::NumberText scratch;
      if (!append(value ? value->Text(scratch) : std::string_view())) return false;
    }
  }
  return true;
}

void Store(Call& call, const Query& query, std::span<const Element> elements) {
  types::ListBuilder list(call.context());
  if (!Fill(call, query, elements, &list)) return;
  const uint64_t size = list.size();
  const keyspace::Expired expired = size > 0 ? keyspace::Expired::kGoes : keyspace::Expired::kStays;
  Edit edit(call.keyspace, call.db, query.destination, expired);
  if (size > 0) {
    void* data;
    const types::Encoding encoding = list.Finish(data);
    edit.Put(encoding, data);
    edit.Changed(keyspace::kEventList, "sortstore", size);
  } else if (edit.Delete(call.keyspace.lazy_server_delete)) {
    edit.Changed(keyspace::kEventGeneric, "del");
  }
  call.reply.Integer(static_cast<int64_t>(size));
}

void RunQuery(Call& call, bool may_store) {
  Query query;
  if (!ReadQuery(call, may_store, &query)) return;
  Entry* source = call.keyspace.Find(call.db, call.arg(1));
  if (source != nullptr && source->type() != Type::kList && source->type() != Type::kSet &&
      source->type() != Type::kZset) {
    return call.WrongType();
  }
  Sorter sorter(call, query, source);
  if (!sorter.Run()) return;
  if (query.stores) {
    Store(call, query, sorter.result());
  } else {
    Reply(call, query, sorter.result());
  }
}

void Sort(Call& call) { RunQuery(call, true); }
void SortRo(Call& call) { RunQuery(call, false); }

constexpr CommandSpec kSpecs[] = {
    {.name = "sort",
     .handler = &Sort,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatDangerous | kCatList | kCatSet | kCatSortedSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1), UnknownKeys(kRo | kAccess), UnknownKeys(kOw | kUpdate)}},
     .syntax =
         "key:key [BY by-pattern:pattern#1'pattern'] [LIMIT {limit offset:integer count:integer}] "
         "[GET get-pattern:pattern#1'pattern'...+] [<order ASC | DESC>] [sorting=ALPHA] [STORE "
         "destination:key#2]",
     .complexity = "O(N + M*log M), N the elements, M those to put in order",
     .summary = "Sorts a list, a set or a sorted set, and may store the result."},
    {.name = "sort_ro",
     .handler = &SortRo,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatDangerous | kCatList | kCatSet | kCatSortedSet,
     .since = "7.0.0",
     .keys = {{Keys(kRo | kAccess, 1), UnknownKeys(kRo | kAccess)}},
     .syntax =
         "key:key [BY by-pattern:pattern#1'pattern'] [LIMIT {limit offset:integer count:integer}] "
         "[GET get-pattern:pattern#1'pattern'...+] [<order ASC | DESC>] [sorting=ALPHA]",
     .complexity = "O(N + M*log M), N the elements, M those to put in order",
     .summary = "Sorts a list, a set or a sorted set."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SortCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
