#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/prng.h"

namespace kvasm::ds {

// How the nodes of one table lie, for those who judge the hash function (DEBUG HTSTATS).
struct TableStats {
  uint64_t buckets = 0;
  uint64_t nodes = 0;
  uint64_t used_buckets = 0;
  uint64_t longest_chain = 0;
  // Buckets by the length of their chain; the last: of that length or longer.
  std::array<uint64_t, 50> by_length{};
};

// An intrusive hash table of chains: the nodes carry their own link and key, the table holds one
// pointer a bucket and nothing else, so a node costs its own allocation plus 1 to 2 pointers.
//
//     struct Traits {
//       static Node*& Next(Node&);                   // the link; belongs to the dict
//       static std::string_view Key(const Node&);    // constant while the node is linked
//       static void Dispose(Node*);                  // frees a node
//     };
//
// Ownership: linked nodes belong to the dict, which disposes of them in Clear() and in its
// destructor; Unlink, Remove and ReplaceAt give a node back to the caller.
//
// Growth is incremental. At load 1 a table of twice the size is started, below 1/8 a smaller one;
// from then on each operation moves one chain, so no operation is longer than a few buckets (the
// allocation of the new table aside). If memory for a table is exhausted the dict stays correct and
// its chains get longer: no operation fails. Nor if growth is not wanted, which is obeyed up to a
// load of 1.625.
//
//     table_[0]  [ moved . . . | next_bucket_ . . . . . ]     searched first
//     table_[1]  [ . . . . . . . . . . . . . . . . . . . ]     null unless rehashing; takes inserts
//
// A dict of at most one node needs no table: bucket 0 is inside the object.
//
// Cost: Find, Insert, Unlink O(1) expected. Keys that collide cannot be made without the seed.
template <class Node, class Traits>
class Dict {
 public:
  // The seed is borrowed and must outlive the dict.
  explicit Dict(const base::HashSeed* seed) : seed_(seed) {}
  ~Dict() { Clear(); }

  Dict(const Dict&) = delete;
  Dict& operator=(const Dict&) = delete;
  // The source is left empty and usable.
  Dict(Dict&& other) noexcept : seed_(other.seed_) { Take(other); }
  Dict& operator=(Dict&& other) noexcept {
    if (this != &other) {
      Clear();
      seed_ = other.seed_;
      Take(other);
    }
    return *this;
  }

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The hash of a key, for callers that look up and then insert: pay for it once.
  uint32_t Hash(std::string_view key) const {
    return static_cast<uint32_t>(base::SipHash13(*seed_, key));
  }

  // The node with this key or null.
  Node* Find(std::string_view key) { return Find(key, Hash(key)); }
  Node* Find(std::string_view key, uint32_t hash) {
    Node** link = FindLink(key, hash);
    return link == nullptr ? nullptr : *link;
  }

  // The address of the pointer that points to the node with this key, or null. Valid until the next
  // call on this dict other than size(), Hash(), ReplaceAt() and Moved() with that same link: every
  // look-up may move chains. Work on it at once, or PauseRehash() around it.
  Node** FindLink(std::string_view key) { return FindLink(key, Hash(key)); }
  Node** FindLink(std::string_view key, uint32_t hash) {
    if (table_[1] != nullptr) [[unlikely]] {
      return FindLinkRehashing(key, hash);
    }
    return Search(&table_[0][hash & Mask(0)], key);
  }

  // Links a node whose key is absent.
  void Insert(Node* node) { Insert(node, Hash(Traits::Key(*node))); }
  void Insert(Node* node, uint32_t hash, bool may_grow = true) {
    Step();
    if (IsFull() && (may_grow || size_ > Size(0) / 8 * 13)) [[unlikely]] {
      StartRehash(size_ < kSmallest ? kSmallestBits : bits_[0] + 1);
      Step();
    }
    const int t = table_[1] != nullptr ? 1 : 0;
    Node*& bucket = table_[t][hash & Mask(t)];
    Traits::Next(*node) = bucket;
    bucket = node;
    ++size_;
  }

  // Whether the next Insert will start a larger table.
  bool IsFull() const { return size_ >= Size(0) && table_[1] == nullptr; }

  // Unlinks the node a link from FindLink points to and gives it to the caller.
  Node* Unlink(Node** link) {
    Node* node = *link;
    *link = Traits::Next(*node);
    --size_;
    ShrinkIfSparse();
    return node;
  }

  // Unlinks the node with this key and gives it to the caller; null if there is none.
  Node* Remove(std::string_view key) {
    Node** link = FindLink(key);
    return link == nullptr ? nullptr : Unlink(link);
  }

  // Puts `fresh` (same key) in the place of the node at `link`, which is given to the caller.
  Node* ReplaceAt(Node** link, Node* fresh) {
    Node* old = *link;
    Traits::Next(*fresh) = Traits::Next(*old);
    *link = fresh;
    return old;
  }

  // Tells that the node at `link` now lives at `node`, bytes and link included (as after realloc).
  void Moved(Node** link, Node* node) { *link = node; }

  // One step of an iteration that survives everything between its steps. Start with cursor 0, pass
  // each returned cursor to the next call, end when it is 0. Every node present from the first to
  // the last call is visited at least once, whatever was inserted, removed or rehashed meanwhile;
  // after a resize some may be visited again. Visits one bucket of the smaller table and all
  // buckets of the larger one that it expands to. `visit(Node*)` may unlink and free the node it is
  // given but no other, and may insert.
  //
  // The cursor counts with its bits reversed: high bits first. So a bucket's cursor keeps its place
  // in the order when the table doubles or halves (a hash's low bits choose the bucket).
  template <class F>
  uint64_t Scan(uint64_t cursor, F visit) {
    PauseRehash();
    Node** small = table_[0];
    Node** large = table_[1];
    uint64_t small_mask = Mask(0);
    uint64_t large_mask = large == nullptr ? small_mask : Mask(1);
    if (large != nullptr && small_mask > large_mask) {
      std::swap(small, large);
      std::swap(small_mask, large_mask);
    }
    VisitChain(small[cursor & small_mask], visit);
    if (large == nullptr) {
      cursor = NextCursor(cursor, small_mask);
    } else {
      do {
        VisitChain(large[cursor & large_mask], visit);
        cursor = NextCursor(cursor, large_mask);
      } while ((cursor & (small_mask ^ large_mask)) != 0);
    }
    ResumeRehash();
    return cursor;
  }

  // How far a Walk has come.
  struct Place {
    uint32_t bucket = 0;
    uint8_t bits = kNowhere;  // of the number of buckets that the walk counts
  };

  // As Scan, in the order in which buckets lie in memory, which is several times as fast. Visits up
  // to `buckets` buckets, fewer if `visit(Node*)` returns false: that node's is the last one. The
  // visitor may unlink and free the node it is given but no other, and may insert. False when all
  // have been visited.
  //
  // A hash's low bits choose the bucket: where there are more buckets than the walk counts, those
  // that end in the same bits are visited together; where there are fewer, several times.
  template <class F>
  bool Walk(Place& place, uint32_t buckets, F visit) {
    PauseRehash();
    if (place.bits == kNowhere) place.bits = bits_[0] < bits_[1] ? bits_[1] : bits_[0];
    const uint32_t end = 1u << place.bits;
    bool go_on = true;
    while (go_on && buckets > 0 && place.bucket < end) {
      uint32_t count = 1;
      if (table_[1] == nullptr && bits_[0] == place.bits) {
        count = buckets < kAhead ? buckets : kAhead;
        if (count > end - place.bucket) count = end - place.bucket;
        count = WalkAhead(&table_[0][place.bucket], count, visit, &go_on);
      } else {
        go_on = WalkTables(place, visit);
      }
      place.bucket += count;
      buckets -= count;
    }
    ResumeRehash();
    return place.bucket < end;
  }

  // Visits every node once. `visit(Node*)` may unlink and free the node it is given but no other,
  // and must not insert. If it returns bool, false ends the walk; ForEach then returns false.
  template <class F>
  bool ForEach(F visit) {
    PauseRehash();
    bool go_on = true;
    for (int t = 0; t < 2 && go_on && table_[t] != nullptr; ++t) {
      Node** const table = table_[t];
      const uint32_t buckets = Size(t);
      for (uint32_t i = 0; i < buckets && go_on; ++i) go_on = VisitChain(table[i], visit);
    }
    ResumeRehash();
    return go_on;
  }

  // A random node, cheaply: nodes of long chains come up less often. Null if empty.
  Node* Random(base::Prng& prng) {
    if (size_ == 0) return nullptr;
    Step();
    const uint64_t buckets = LiveBuckets();
    Node* chain = nullptr;
    for (int i = 0; i < kRandomTries && chain == nullptr; ++i) {
      chain = LiveBucket(prng.Below(buckets));
    }
    for (uint64_t i = prng.Below(buckets); chain == nullptr; i = (i + 1) % buckets) {
      chain = LiveBucket(i);
    }
    uint32_t length = 0;
    for (Node* node = chain; node != nullptr; node = Traits::Next(*node)) ++length;
    return At(chain, static_cast<uint32_t>(prng.Below(length)));
  }

  // A random node, each equally likely: draws places in a grid of buckets x kFairDepth until one is
  // taken. Deeper chains (one bucket in a million at load 1) and the tables too sparse to be hit in
  // a bounded number of draws fall back to Random(). Null if empty.
  Node* FairRandom(base::Prng& prng) {
    if (size_ == 0) return nullptr;
    Step();
    const uint64_t buckets = LiveBuckets();
    for (int i = 0; i < kFairTries; ++i) {
      const uint64_t place = prng.Below(buckets * kFairDepth);
      Node* chain = LiveBucket(place / kFairDepth);
      if (chain == nullptr) continue;
      Node* node = At(chain, static_cast<uint32_t>(place % kFairDepth));
      if (node != nullptr) return node;
    }
    return Random(prng);
  }

  // Disposes of all nodes and tables.
  void Clear() {
    ForEach([](Node* node) { Traits::Dispose(node); });
    ReleaseTables();
  }

  // Clear() in slices, for dicts nobody uses any more: hands up to `budget` nodes or empty buckets
  // to `dispose(Node*)`; true while some remain. Once begun, only Drain, Clear and size() may be
  // called.
  template <class F>
  bool Drain(uint32_t budget, F dispose) {
    while (size_ > 0 && budget > 0) {
      if (next_bucket_ >= Size(0)) DropFirstTable();
      Node*& bucket = table_[0][next_bucket_];
      --budget;
      if (bucket == nullptr) {
        ++next_bucket_;
        continue;
      }
      Node* node = bucket;
      bucket = Traits::Next(*node);
      --size_;
      dispose(node);
    }
    if (size_ > 0) return true;
    ReleaseTables();
    return false;
  }

  // While paused (calls nest) no chain moves: links and iterations stay valid across look-ups.
  void PauseRehash() { ++paused_; }
  void ResumeRehash() { --paused_; }

  bool IsRehashing() const { return table_[1] != nullptr; }

  // Moves up to `chains` chains (and passes ten times as many empty buckets). True while there is
  // more to do.
  bool RehashSteps(uint32_t chains) {
    if (table_[1] == nullptr) return false;
    if (paused_ > 0) return true;
    uint64_t empty_budget = uint64_t{chains} * 10;
    for (; chains > 0; --chains) {
      while (table_[0][next_bucket_] == nullptr) {
        if (++next_bucket_ == Size(0)) return EndRehash();
        if (--empty_budget == 0) return true;
      }
      MoveChain(next_bucket_);
      if (++next_bucket_ == Size(0)) return EndRehash();
    }
    return true;
  }

  // Makes room for `nodes` nodes at once. False if memory is exhausted (nothing has changed) or a
  // rehash is under way.
  bool Reserve(uint32_t nodes) {
    if (table_[1] != nullptr) return false;
    return nodes <= Size(0) || StartRehash(BitsFor(nodes));
  }

  // Buckets of both tables.
  uint64_t Buckets() const { return uint64_t{Size(0)} + (IsRehashing() ? Size(1) : 0); }

  // The table, and while rehashing the one that takes its place. O(buckets + nodes).
  std::vector<TableStats> Stats() const {
    std::vector<TableStats> tables;
    for (int t = 0; t < (IsRehashing() ? 2 : 1); ++t) {
      TableStats& stats = tables.emplace_back();
      stats.buckets = Size(t);
      for (uint32_t i = 0; i < Size(t); ++i) {
        uint64_t length = 0;
        for (Node* node = table_[t][i]; node != nullptr; node = Traits::Next(*node)) ++length;
        stats.nodes += length;
        stats.used_buckets += length != 0 ? 1 : 0;
        if (length > stats.longest_chain) stats.longest_chain = length;
        ++stats.by_length[length < stats.by_length.size() ? length : stats.by_length.size() - 1];
      }
    }
    return tables;
  }

  // Heap bytes of both tables, without the nodes and the object itself.
  uint64_t MemoryBytes() const {
    return (Buckets() - (table_[0] == &inline_bucket_ ? 1 : 0)) * sizeof(Node*);
  }

 private:
  static constexpr uint32_t kSmallestBits = 2;
  static constexpr uint32_t kSmallest = 1u << kSmallestBits;
  static constexpr uint32_t kLargestBits = sizeof(void*) == 4 ? 28 : 31;
  static constexpr uint32_t kSparse = 8;
  static constexpr uint32_t kFairDepth = 8;
  static constexpr uint32_t kAhead = 16;  // buckets that Walk reads at once
  static constexpr uint8_t kNowhere = 255;
  static constexpr int kFairTries = 256;
  static constexpr int kRandomTries = 64;

  uint32_t Size(int t) const { return 1u << bits_[t]; }
  uint32_t Mask(int t) const { return Size(t) - 1; }

  static uint32_t BitsFor(uint32_t nodes) {
    return nodes <= kSmallest ? kSmallestBits : static_cast<uint32_t>(std::bit_width(nodes - 1));
  }

  static Node** Search(Node** link, std::string_view key) {
    for (; *link != nullptr; link = &Traits::Next(**link)) {
      if (base::Equal(Traits::Key(**link), key)) return link;
    }
    return nullptr;
  }

  Node** FindLinkRehashing(std::string_view key, uint32_t hash) {
    Step();
    Node** link = Search(&table_[0][hash & Mask(0)], key);
    if (link != nullptr || table_[1] == nullptr) return link;
    return Search(&table_[1][hash & Mask(1)], key);
  }

  // The next node is read first: the visitor may free the one it is given.
  template <class F>
  static bool VisitChain(Node* node, F& visit) {
    while (node != nullptr) {
      Node* next = Traits::Next(*node);
      if constexpr (std::is_same_v<decltype(visit(node)), bool>) {
        if (!visit(node)) return false;
      } else {
        visit(node);
      }
      node = next;
    }
    return true;
  }

  // Reads the first nodes of all buckets before it visits them: processors wait for memory once,
  // not once for each. Returns how many buckets were visited.
  template <class F>
  static uint32_t WalkAhead(Node** table, uint32_t count, F& visit, bool* go_on) {
    Node* first[kAhead];
    Node* second[kAhead];
    for (uint32_t i = 0; i < count; ++i) first[i] = table[i];
    for (uint32_t i = 0; i < count; ++i) {
      second[i] = first[i] == nullptr ? nullptr : Traits::Next(*first[i]);
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (first[i] != nullptr) *go_on = visit(first[i]);
      for (Node* node = second[i]; node != nullptr;) {
        Node* next = Traits::Next(*node);
        if (!visit(node)) *go_on = false;
        node = next;
      }
      if (!*go_on) return i + 1;
    }
    return count;
  }

  template <class F>
  bool WalkTables(const Place& place, F& visit) {
    bool go_on = true;
    const auto visit_all = [&](Node* node) { go_on &= visit(node); };
    for (int t = 0; t < 2 && table_[t] != nullptr; ++t) {
      Node** const table = table_[t];
      const uint64_t buckets = Size(t);
      for (uint64_t i = place.bucket & Mask(t); i < buckets; i += uint64_t{1} << place.bits) {
        VisitChain(table[i], visit_all);
      }
    }
    return go_on;
  }

  static uint64_t ReverseBits(uint64_t v) {
    v = ((v >> 1) & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = ((v >> 2) & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    v = ((v >> 4) & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(v);
  }

  static uint64_t NextCursor(uint64_t cursor, uint64_t mask) {
    return ReverseBits(ReverseBits(cursor | ~mask) + 1);
  }

  // The buckets that may hold nodes: the unmoved part of table 0, then table 1.
  uint64_t LiveBuckets() const { return Buckets() - next_bucket_; }
  Node* LiveBucket(uint64_t i) const {
    const uint64_t first = Size(0) - next_bucket_;
    return i < first ? table_[0][next_bucket_ + i] : table_[1][i - first];
  }

  static Node* At(Node* node, uint32_t depth) {
    for (; depth > 0 && node != nullptr; --depth) node = Traits::Next(*node);
    return node;
  }

  void Step() {
    if (table_[1] != nullptr) [[unlikely]] {
      RehashSteps(1);
    }
  }

  void ShrinkIfSparse() {
    if (bits_[0] <= kSmallestBits || size_ >= Size(0) / kSparse) return;
    if (size_ == 0 && paused_ == 0) return ReleaseTables();
    if (table_[1] == nullptr) StartRehash(BitsFor(size_));
  }

  bool StartRehash(uint32_t bits) {
    if (bits > kLargestBits || bits == bits_[0]) return false;
    const size_t bytes = sizeof(Node*) << bits;
    auto* table = static_cast<Node**>(base::TryAllocate(bytes));
    if (table == nullptr) return false;
    std::memset(static_cast<void*>(table), 0, bytes);
    table_[1] = table;
    bits_[1] = static_cast<uint8_t>(bits);
    next_bucket_ = 0;
    return true;
  }

  // To a smaller table a whole chain goes together and needs no hash: the low bits are the same.
  void MoveChain(uint32_t i) {
    Node* node = std::exchange(table_[0][i], nullptr);
    if (bits_[1] < bits_[0]) {
      Node** tail = &table_[1][i & Mask(1)];
      while (*tail != nullptr) tail = &Traits::Next(**tail);
      *tail = node;
      return;
    }
    while (node != nullptr) {
      Node* next = Traits::Next(*node);
      Node*& bucket = table_[1][Hash(Traits::Key(*node)) & Mask(1)];
      Traits::Next(*node) = bucket;
      bucket = node;
      node = next;
    }
  }

  // A table that became sparse while it was being filled shrinks on; one that Reserve() made stays.
  bool EndRehash() {
    const bool shrinking = bits_[1] < bits_[0];
    DropFirstTable();
    if (shrinking) ShrinkIfSparse();
    return table_[1] != nullptr;
  }

  void DropFirstTable() {
    CHECK(table_[1] != nullptr);
    FreeTable(table_[0]);
    table_[0] = std::exchange(table_[1], nullptr);
    bits_[0] = std::exchange(bits_[1], uint8_t{0});
    next_bucket_ = 0;
    inline_bucket_ = nullptr;
  }

  void FreeTable(Node** table) {
    if (table != &inline_bucket_) base::Free(table);
  }

  void ReleaseTables() {
    FreeTable(table_[0]);
    FreeTable(table_[1]);
    Reset();
  }

  void Reset() {
    inline_bucket_ = nullptr;
    table_[0] = &inline_bucket_;
    table_[1] = nullptr;
    bits_[0] = bits_[1] = 0;
    size_ = next_bucket_ = 0;
  }

  void Take(Dict& other) {
    inline_bucket_ = other.inline_bucket_;
    table_[0] = other.table_[0] == &other.inline_bucket_ ? &inline_bucket_ : other.table_[0];
    table_[1] = other.table_[1];
    bits_[0] = other.bits_[0];
    bits_[1] = other.bits_[1];
    size_ = other.size_;
    next_bucket_ = other.next_bucket_;
    other.Reset();
  }

  Node** table_[2] = {&inline_bucket_, nullptr};
  Node* inline_bucket_ = nullptr;
  const base::HashSeed* seed_;
  uint32_t size_ = 0;
  uint32_t next_bucket_ = 0;
  uint8_t bits_[2] = {0, 0};
  uint16_t paused_ = 0;
};

}  // namespace kvasm::ds
