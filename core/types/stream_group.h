// The consumer groups of a stream: who has read how far, and what was delivered but not yet
// acknowledged. Semantics are those of Redis 7.2.
//
//   ConsumerGroups --name--> ConsumerGroup --id----> Pending  (one per message, owned here)
//                                          --name--> Consumer --id--> the same Pending
//
// Ids are StreamKeys in radix trees, so pending lists are read in the order of ids and from any id
// on; groups and consumers are listed in the order of their names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/ds/radix_tree.h"
#include "core/types/stream_id.h"

namespace kvasm::types {

class Stream;
struct Consumer;

// A message that was delivered to a consumer and not acknowledged. Laid out for 4-byte alignment:
// there may be millions.
struct [[gnu::packed, gnu::aligned(4)]] Pending {
  int64_t delivery_ms;      // when it was last delivered, since the epoch
  uint64_t delivery_count;  // how often
  Consumer* owner;          // null only while a value is being loaded
};
static_assert(sizeof(Pending) == 16 + sizeof(void*));

// Heap bytes that a pending message takes at most, about: in both trees, and in a list of things to
// do.
inline constexpr uint64_t kPendingBytesMax = 160;

struct Consumer {
  std::string name;
  int64_t seen_ms;        // its last attempt to read or claim
  int64_t active_ms;      // its last success; -1: never
  ds::RadixTree pending;  // StreamKey -> Pending, owned by the group

  Consumer(std::string_view name_of, int64_t seen, int64_t active)
      : name(name_of), seen_ms(seen), active_ms(active) {}
};

// Reads a pending list, of a group or of a consumer, from an id on:
//
//     for (PendingReader at(group.pending(), from); at.valid(); at.Next()) Use(at.id(), *at);
//
// Entries may be changed; when one is added or removed, Seek anew.
class PendingReader {
 public:
  explicit PendingReader(const ds::RadixTree& list, StreamId from = StreamId::Lowest())
      : at_(list) {
    Seek(from);
  }
  // The first entry whose id is not below `from`.
  void Seek(StreamId from) { at_.SeekAtLeast(StreamKey(from).view()); }
  void SeekLast() { at_.SeekLast(); }
  bool valid() const { return at_.valid(); }
  void Next() { at_.Next(); }
  StreamId id() { return StreamIdOfKey(at_.key()); }
  Pending& operator*() const { return *static_cast<Pending*>(at_.value()); }
  Pending* operator->() const { return static_cast<Pending*>(at_.value()); }

 private:
  ds::RadixTree::Iterator at_;
};

class ConsumerGroup {
 public:
  // How many entries of the stream had been added up to last_id is not known.
  static constexpr int64_t kUnknown = -1;

  ConsumerGroup(std::string_view name, StreamId last, int64_t read)
      : last_id(last), entries_read(read), name_(name) {}
  ~ConsumerGroup();
  ConsumerGroup(const ConsumerGroup&) = delete;
  ConsumerGroup& operator=(const ConsumerGroup&) = delete;

  const std::string& name() const { return name_; }
  StreamId last_id;      // the last message delivered
  int64_t entries_read;  // the number of entries ever added up to last_id, or kUnknown

  // --- consumers ---
  Consumer* FindConsumer(std::string_view name) const;
  // The name is not taken. The consumer belongs to the group. Needs room for three times the name.
  Consumer& AddConsumer(std::string_view name, int64_t seen_ms, int64_t active_ms = -1);
  // Forgets the consumer and all that is pending with it.
  void RemoveConsumer(Consumer& consumer);
  uint64_t consumer_count() const { return consumers_.size(); }
  // visit(Consumer&) in the order of names; it must not add or remove any.
  template <class Visit>
  void ForEachConsumer(Visit visit) const {
    ds::RadixTree::Iterator at(consumers_);
    for (at.SeekFirst(); at.valid(); at.Next()) visit(*static_cast<Consumer*>(at.value()));
  }

  // --- pending messages; O(1) each, in terms of their number ---
  const ds::RadixTree& pending() const { return pending_; }
  Pending* FindPending(StreamId id) const;
  // The message goes to the consumer for the first time, whoever may have had it before.
  Pending& Deliver(StreamId id, Consumer& consumer, int64_t now_ms);
  // A pending message changes hands. No effect if it is the consumer's already.
  void Reassign(StreamId id, Pending& pending, Consumer& consumer);
  // False if it was not pending.
  bool Acknowledge(StreamId id);

  // --- loading ---
  // A pending message without an owner; false if the id is there already.
  [[nodiscard]] bool LoadPending(StreamId id, int64_t delivery_ms, uint64_t delivery_count);
  // Gives it its owner; false if there is no such message, or it has one.
  [[nodiscard]] bool LoadOwner(StreamId id, Consumer& consumer);
  // Whether every pending message has got its owner: a group without is not usable. O(pending).
  bool AllOwned() const;

  // --- progress ---
  // The message `id`, above last_id, is delivered: it becomes last_id, and entries_read follows if
  // it can be known.
  void Advance(const Stream& stream, StreamId id);
  // How many entries are yet to be delivered; none if deleted entries make it unknowable.
  std::optional<int64_t> Lag(const Stream& stream) const;

  std::unique_ptr<ConsumerGroup> Clone() const;
  uint64_t MemoryBytes() const;  // O(consumers)
  // Frees pending messages and consumers, about `*count` of them, which is lowered by as many; the
  // group is then good for nothing but this and its destructor. True while there are more.
  bool Drain(uint64_t* count);
  // Checks that both sides agree on what is pending. O(pending).
  bool Validate() const;

 private:
  const std::string name_;
  ds::RadixTree pending_;    // StreamKey -> Pending, owned
  ds::RadixTree consumers_;  // name -> Consumer, owned
};

// The groups of one stream, by name.
class ConsumerGroups {
 public:
  ConsumerGroups() = default;
  ~ConsumerGroups();
  ConsumerGroups(const ConsumerGroups&) = delete;
  ConsumerGroups& operator=(const ConsumerGroups&) = delete;

  uint64_t size() const { return groups_.size(); }
  ConsumerGroup* Find(std::string_view name) const;
  // Null if the name is taken. Needs room for three times the name.
  ConsumerGroup* Add(std::string_view name, StreamId last_id, int64_t entries_read);
  // Hands the group of this name over to others, which have none of the name; there must be one.
  void MoveTo(ConsumerGroups& others, std::string_view name);
  // visit(ConsumerGroup&) in the order of names; it must not add or remove any.
  template <class Visit>
  void ForEach(Visit visit) const {
    ds::RadixTree::Iterator at(groups_);
    for (at.SeekFirst(); at.valid(); at.Next()) visit(*static_cast<ConsumerGroup*>(at.value()));
  }

  std::unique_ptr<ConsumerGroups> Clone() const;
  // Judged by at most `samples` groups (0: all). O(consumers).
  uint64_t MemoryBytes(uint64_t samples) const;
  // Groups, consumers and pending messages, or some thousands of them if there are more. O(groups),
  // but not more than that.
  uint64_t FreeEffort() const;
  // As ConsumerGroup::Drain; groups that are done go, too.
  bool Drain(uint64_t* count);
  bool Validate() const;

 private:
  ds::RadixTree groups_;  // name -> ConsumerGroup, owned
};

// How many entries had been added to the stream up to `id`, where that can be told without
// counting; else ConsumerGroup::kUnknown.
int64_t EntriesAddedUpTo(const Stream& stream, StreamId id);

}  // namespace kvasm::types
