#include "core/types/stream_group.h"

#include <cstring>

#include "core/base/alloc.h"
#include "core/types/stream.h"

namespace kvasm::types {
namespace {

using ds::RadixTree;

Pending* NewPending(int64_t delivery_ms, uint64_t delivery_count, Consumer* owner) {
  auto* pending = static_cast<Pending*>(base::Allocate(sizeof(Pending)));
  pending->delivery_ms = delivery_ms;
  pending->delivery_count = delivery_count;
  pending->owner = owner;
  return pending;
}

// Removes up to `*count` keys from the end, counting down, and hands their values to `dispose`.
template <class Dispose>
void DrainTree(RadixTree& tree, uint64_t* count, Dispose dispose) {
  for (; *count > 0 && !tree.empty(); --*count) {
    RadixTree::Iterator last(tree);
    last.SeekLast();
    void* value = nullptr;
    tree.Remove(last.key(), &value);
    dispose(value);
  }
}

// Whether an entry removed by XDEL may lie behind `id`, so that counting entries from there on
// would go wrong.
bool HasDeletedBehind(const Stream& stream, StreamId id) {
  if (stream.length() == 0 || stream.max_deleted_id.is_zero()) return false;
  return stream.first_id <= stream.max_deleted_id && id <= stream.max_deleted_id;
}

// Counters come from clients and files; they may be anything.
int64_t Difference(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b); }

}  // namespace

int64_t EntriesAddedUpTo(const Stream& stream, StreamId id) {
  if (stream.entries_added == 0) return 0;
  const auto added = static_cast<int64_t>(stream.entries_added);
  if (id == stream.last_id) return added;
  if (id > stream.last_id) return ConsumerGroup::kUnknown;
  if (stream.length() == 0) return added;
  // With no gap in what is there, its first entry has a known number.
  if (stream.max_deleted_id.is_zero() || stream.max_deleted_id < stream.first_id) {
    const int64_t before_first = Difference(stream.entries_added, stream.length());
    if (id < stream.first_id) return before_first;
    if (id == stream.first_id) return before_first + 1;
  }
  return ConsumerGroup::kUnknown;
}

// --- ConsumerGroup ---

ConsumerGroup::~ConsumerGroup() {
  consumers_.Clear([](void* value) { delete static_cast<Consumer*>(value); });
  pending_.Clear([](void* value) { base::Free(value); });
}

Consumer* ConsumerGroup::FindConsumer(std::string_view name) const {
  void** found = consumers_.Find(name);
  return found == nullptr ? nullptr : static_cast<Consumer*>(*found);
}

Consumer& ConsumerGroup::AddConsumer(std::string_view name, int64_t seen_ms, int64_t active_ms) {
  auto* consumer = new Consumer(name, seen_ms, active_ms);
  *consumers_.Insert(name) = consumer;
  return *consumer;
}

void ConsumerGroup::RemoveConsumer(Consumer& consumer) {
  RadixTree::Iterator at(consumer.pending);
  for (at.SeekFirst(); at.valid(); at.Next()) {
    pending_.Remove(at.key());
    base::Free(at.value());
  }
  consumers_.Remove(consumer.name);
  delete &consumer;
}

Pending* ConsumerGroup::FindPending(StreamId id) const {
  void** found = pending_.Find(StreamKey(id).view());
  return found == nullptr ? nullptr : static_cast<Pending*>(*found);
}

Pending& ConsumerGroup::Deliver(StreamId id, Consumer& consumer, int64_t now_ms) {
  const StreamKey key(id);
  bool added;
  void*& place = *pending_.Insert(key.view(), &added);
  if (added) {
    place = NewPending(now_ms, 1, &consumer);
    *consumer.pending.Insert(key.view()) = place;
  } else {
    auto* pending = static_cast<Pending*>(place);
    pending->delivery_ms = now_ms;
    pending->delivery_count = 1;
    Reassign(id, *pending, consumer);
  }
  return *static_cast<Pending*>(place);
}

void ConsumerGroup::Reassign(StreamId id, Pending& pending, Consumer& consumer) {
  if (pending.owner == &consumer) return;
  const StreamKey key(id);
  if (pending.owner != nullptr) pending.owner->pending.Remove(key.view());
  *consumer.pending.Insert(key.view()) = &pending;
  pending.owner = &consumer;
}

bool ConsumerGroup::Acknowledge(StreamId id) {
  const StreamKey key(id);
  void* value;
  if (!pending_.Remove(key.view(), &value)) return false;
  auto* pending = static_cast<Pending*>(value);
  if (pending->owner != nullptr) pending->owner->pending.Remove(key.view());
  base::Free(pending);
  return true;
}

bool ConsumerGroup::LoadPending(StreamId id, int64_t delivery_ms, uint64_t delivery_count) {
  bool added;
  void** place = pending_.Insert(StreamKey(id).view(), &added);
  if (added) *place = NewPending(delivery_ms, delivery_count, nullptr);
  return added;
}

bool ConsumerGroup::LoadOwner(StreamId id, Consumer& consumer) {
  Pending* pending = FindPending(id);
  if (pending == nullptr || pending->owner != nullptr) return false;
  Reassign(id, *pending, consumer);
  return true;
}

bool ConsumerGroup::AllOwned() const {
  uint64_t owned = 0;
  ForEachConsumer([&](const Consumer& consumer) { owned += consumer.pending.size(); });
  return owned == pending_.size();
}

void ConsumerGroup::Advance(const Stream& stream, StreamId id) {
  if (entries_read != kUnknown && !HasDeletedBehind(stream, id)) {
    entries_read = static_cast<int64_t>(static_cast<uint64_t>(entries_read) + 1);
  } else if (stream.entries_added != 0) {
    entries_read = EntriesAddedUpTo(stream, id);
  }
  last_id = id;
}

std::optional<int64_t> ConsumerGroup::Lag(const Stream& stream) const {
  if (stream.entries_added == 0) return 0;
  int64_t read = entries_read;
  if (read == kUnknown || HasDeletedBehind(stream, last_id)) {
    read = EntriesAddedUpTo(stream, last_id);
    if (read == kUnknown) return std::nullopt;
  }
  return Difference(stream.entries_added, static_cast<uint64_t>(read));
}

std::unique_ptr<ConsumerGroup> ConsumerGroup::Clone() const {
  auto copy = std::make_unique<ConsumerGroup>(name_, last_id, entries_read);
  ForEachConsumer([&](const Consumer& consumer) {
    Consumer& twin = copy->AddConsumer(consumer.name, consumer.seen_ms, consumer.active_ms);
    RadixTree::Iterator at(consumer.pending);
    for (at.SeekFirst(); at.valid(); at.Next()) {
      const auto& pending = *static_cast<const Pending*>(at.value());
      Pending* other = NewPending(pending.delivery_ms, pending.delivery_count, &twin);
      *copy->pending_.Insert(at.key()) = other;
      *twin.pending.Insert(at.key()) = other;
    }
  });
  return copy;
}

uint64_t ConsumerGroup::MemoryBytes() const {
  uint64_t bytes = sizeof(ConsumerGroup) + name_.size() + pending_.MemoryBytes() +
                   pending_.size() * sizeof(Pending) + consumers_.MemoryBytes();
  ForEachConsumer([&](const Consumer& consumer) {
    bytes += sizeof(Consumer) + consumer.name.size() + consumer.pending.MemoryBytes();
  });
  return bytes;
}

bool ConsumerGroup::Drain(uint64_t* count) {
  for (; *count > 0 && !consumers_.empty(); --*count) {
    auto* consumer = static_cast<Consumer*>(*consumers_.Last());
    DrainTree(consumer->pending, count, [](void*) {});
    if (*count == 0) return true;
    consumers_.Remove(consumer->name);
    delete consumer;
  }
  DrainTree(pending_, count, [](void* pending) { base::Free(pending); });
  return !consumers_.empty() || !pending_.empty();
}

bool ConsumerGroup::Validate() const {
  bool sound = pending_.Validate() && consumers_.Validate() && AllOwned();
  ForEachConsumer([&](Consumer& consumer) {
    sound = sound && consumer.pending.Validate() && FindConsumer(consumer.name) == &consumer;
    RadixTree::Iterator at(consumer.pending);
    for (at.SeekFirst(); sound && at.valid(); at.Next()) {
      void** shared = at.key().size() == StreamKey::kBytes ? pending_.Find(at.key()) : nullptr;
      sound = shared != nullptr && *shared == at.value() &&
              static_cast<const Pending*>(at.value())->owner == &consumer;
    }
  });
  return sound;
}

// --- ConsumerGroups ---

ConsumerGroups::~ConsumerGroups() {
  groups_.Clear([](void* value) { delete static_cast<ConsumerGroup*>(value); });
}

ConsumerGroup* ConsumerGroups::Find(std::string_view name) const {
  void** found = groups_.Find(name);
  return found == nullptr ? nullptr : static_cast<ConsumerGroup*>(*found);
}

ConsumerGroup* ConsumerGroups::Add(std::string_view name, StreamId last_id, int64_t entries_read) {
  bool added;
  void** place = groups_.Insert(name, &added);
  if (!added) return nullptr;
  auto* group = new ConsumerGroup(name, last_id, entries_read);
  *place = group;
  return group;
}

void ConsumerGroups::MoveTo(ConsumerGroups& others, std::string_view name) {
  void* group = nullptr;
  groups_.Remove(name, &group);
  *others.groups_.Insert(static_cast<const ConsumerGroup*>(group)->name()) = group;
}

std::unique_ptr<ConsumerGroups> ConsumerGroups::Clone() const {
  auto copy = std::make_unique<ConsumerGroups>();
  ForEach([&](const ConsumerGroup& group) {
    *copy->groups_.Insert(group.name()) = group.Clone().release();
  });
  return copy;
}

uint64_t ConsumerGroups::MemoryBytes(uint64_t samples) const {
  uint64_t sampled = 0;
  uint64_t bytes = 0;
  RadixTree::Iterator at(groups_);
  for (at.SeekFirst(); at.valid(); at.Next()) {
    bytes += static_cast<const ConsumerGroup*>(at.value())->MemoryBytes();
    if (++sampled == samples) break;
  }
  if (sampled > 0) bytes = bytes / sampled * size() + bytes % sampled;
  return sizeof(ConsumerGroups) + groups_.MemoryBytes() + bytes;
}

uint64_t ConsumerGroups::FreeEffort() const {
  constexpr uint64_t kEnough = 5000;  // for anybody to leave it to the background
  uint64_t effort = 0;
  RadixTree::Iterator at(groups_);
  for (at.SeekFirst(); at.valid() && effort < kEnough; at.Next()) {
    const auto& group = *static_cast<const ConsumerGroup*>(at.value());
    effort += 1 + group.consumer_count() + group.pending().size();
  }
  return effort;
}

bool ConsumerGroups::Drain(uint64_t* count) {
  for (; *count > 0 && !groups_.empty(); --*count) {
    auto* group = static_cast<ConsumerGroup*>(*groups_.Last());
    if (group->Drain(count) || *count == 0) return true;
    groups_.Remove(group->name());
    delete group;
  }
  return !groups_.empty();
}

bool ConsumerGroups::Validate() const {
  bool sound = groups_.Validate();
  ForEach([&](ConsumerGroup& group) {
    sound = sound && group.Validate() && Find(group.name()) == &group;
  });
  return sound;
}

}  // namespace kvasm::types
