#include "core/keyspace/journal.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/numbers.h"

namespace kvasm::keyspace {
namespace {

// A record as it is noted, which is in one chunk:
//   | db u32 | audience u32 | arguments u32 | size u32... | bytes... |
constexpr uint64_t kHeadBytes = 12;

uint64_t NotedBytes(std::span<const std::string_view> arguments) {
  uint64_t bytes = kHeadBytes + sizeof(uint32_t) * uint64_t{arguments.size()};
  for (const std::string_view argument : arguments) bytes += argument.size();
  return bytes;
}

}  // namespace

struct Journal::Chunk {
  Chunk* next;
  uint64_t capacity;
  uint64_t used;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

Journal::~Journal() {
  while (first_ != nullptr) base::Free(std::exchange(first_, first_->next));
  base::Free(spare_);
}

void Journal::Attach(Sink& sink, Audience audience) { sinks_.push_back({&sink, audience}); }

void Journal::Detach(Sink& sink) {
  std::erase_if(sinks_, [&](const Attached& attached) { return attached.sink == &sink; });
}

bool Journal::HasRoomFor(uint64_t bytes) const {
  return last_ != nullptr && bytes <= last_->capacity - last_->used;
}

bool Journal::AddChunk(uint64_t bytes, bool unasked) {
  const uint64_t exact = sizeof(Chunk) + bytes;
  const uint64_t usual = std::max<uint64_t>(exact, kChunkBytes);
  if (usual > SIZE_MAX) return false;
  void* block = base::TryAllocate(static_cast<size_t>(usual));
  const uint64_t given = block == nullptr ? exact : usual;
  if (block == nullptr && unasked) block = base::Allocate(static_cast<size_t>(exact));
  if (block == nullptr) return false;
  auto* chunk = static_cast<Chunk*>(block);
  *chunk = {nullptr, given - sizeof(Chunk), 0};
  (last_ == nullptr ? first_ : last_->next) = chunk;
  last_ = chunk;
  // The first of the usual size is there to stay.
  is_open_ |= chunk != first_ || given != kChunkBytes;
  return true;
}

bool Journal::Prepare(std::span<const std::string_view> arguments) {
  if (sinks_.empty()) return true;
  const uint64_t bytes = NotedBytes(arguments);
  if (HasRoomFor(bytes)) return true;
  if (first_ != nullptr || bytes > kChunkBytes) {
    // A sink has copied a chunk before it is freed, and what an argument takes there besides its
    // bytes is a little more than here.
    constexpr uint64_t kMoreBytes = 4;
    const uint64_t count = arguments_ + arguments.size();
    const uint64_t wanted = std::max<uint64_t>(bytes, kChunkBytes) + kMoreBytes * count;
    if (wanted > spare_bytes_) {
      const uint64_t generous = wanted + wanted / 4;
      if (generous > SIZE_MAX) return false;
      void* spare = base::TryReallocate(spare_, static_cast<size_t>(generous));
      if (spare == nullptr) return false;
      spare_ = spare;
      spare_bytes_ = generous;
      is_open_ = true;
    }
  }
  return AddChunk(bytes, false);
}

void Journal::Add(int db, std::span<const std::string_view> arguments) {
  if (sinks_.empty() || audience_ == kNobody) return;
  const uint64_t bytes = NotedBytes(arguments);
  if (!HasRoomFor(bytes)) AddChunk(bytes, true);
  char* at = last_->bytes() + last_->used;
  last_->used += bytes;
  const auto put = [&at](uint32_t number) {
    base::Store32(at, number);
    at += sizeof number;
  };
  put(static_cast<uint32_t>(db));
  put(audience_);
  put(static_cast<uint32_t>(arguments.size()));
  for (const std::string_view argument : arguments) put(static_cast<uint32_t>(argument.size()));
  for (const std::string_view argument : arguments) {
    if (!argument.empty()) std::memcpy(at, argument.data(), argument.size());
    at += argument.size();
  }
  ++records_[audience_];
  arguments_ += arguments.size();
  is_open_ = true;
}

void Journal::AddLast(int db, std::span<const std::string_view> arguments) {
  const Record record{db, audience_, arguments};
  is_open_ ? HandOn(&record, true) : Emit(record);
}

uint64_t Journal::HeardBy(const Attached& sink, const Record* last) const {
  uint64_t heard = last != nullptr && (sink.audience & last->audience) != 0 ? 1 : 0;
  for (size_t audience = 0; audience <= kAll; ++audience) {
    if (sink.audience & audience) heard += records_[audience];
  }
  return heard;
}

void Journal::Emit(const Record& record) {
  for (Attached& to : sinks_) {
    if ((to.audience & record.audience) == 0) continue;
    if (record.db != to.selected_db) {
      to.selected_db = record.db;
      const std::string number = base::Int64Text(record.db);
      const std::string_view select[] = {"SELECT", number};
      to.sink->Record(select);
    }
    to.sink->Record(record.arguments);
  }
}

void Journal::EmitAll(const Chunk& chunk) {
  const char* at = chunk.bytes();
  while (at < chunk.bytes() + chunk.used) {
    const uint32_t count = base::Load32(at + 8);
    const char* size = at + kHeadBytes;
    const char* bytes = size + sizeof(uint32_t) * size_t{count};
    views_.clear();
    for (uint32_t i = 0; i < count; ++i, size += sizeof(uint32_t)) {
      views_.emplace_back(bytes, base::Load32(size));
      bytes += views_.back().size();
    }
    Emit({static_cast<int>(base::Load32(at)), static_cast<Audience>(base::Load32(at + 4)), views_});
    at = bytes;
  }
}

void Journal::HandOn(const Record* last, bool as_one) {
  base::Free(std::exchange(spare_, nullptr));
  spare_bytes_ = 0;
  constexpr std::string_view kBegin[] = {"MULTI"};
  constexpr std::string_view kEnd[] = {"EXEC"};
  for (Attached& to : sinks_) {
    if (as_one && HeardBy(to, last) > 1) to.sink->Record(kBegin);
  }
  Chunk* kept = nullptr;
  while (first_ != nullptr) {
    EmitAll(*first_);
    Chunk* done = std::exchange(first_, first_->next);
    if (kept == nullptr && done->capacity == kChunkBytes - sizeof(Chunk)) {
      done->next = nullptr;
      done->used = 0;
      kept = done;
    } else {
      base::Free(done);
    }
  }
  first_ = last_ = kept;
  if (last != nullptr) Emit(*last);
  for (Attached& to : sinks_) {
    if (as_one && HeardBy(to, last) > 1) to.sink->Record(kEnd);
  }
  std::fill(std::begin(records_), std::end(records_), 0);
  arguments_ = 0;
  is_open_ = false;
  if (views_.capacity() > kViewsKept) std::vector<std::string_view>().swap(views_);
}

}  // namespace kvasm::keyspace
