#include "core/keyspace/eviction.h"

#include <algorithm>
#include <utility>

namespace kvasm::keyspace {
namespace {

constexpr size_t kPoolMax = 16;
// Longer keys are no candidates: the pool is to take little memory, above all now.
constexpr size_t kPooledKeyBytesMax = 1024;

constexpr std::pair<std::string_view, EvictionPolicy> kPolicies[] = {
    {"allkeys-lru", EvictionPolicy::kAllKeysLru},
    {"allkeys-lfu", EvictionPolicy::kAllKeysLfu},
    {"allkeys-random", EvictionPolicy::kAllKeysRandom},
    {"volatile-lru", EvictionPolicy::kVolatileLru},
    {"volatile-lfu", EvictionPolicy::kVolatileLfu},
    {"volatile-random", EvictionPolicy::kVolatileRandom},
    {"volatile-ttl", EvictionPolicy::kVolatileTtl},
};

}  // namespace

EvictionPolicy EvictionPolicyNamed(std::string_view name) {
  for (const auto& [known, policy] : kPolicies) {
    if (known == name) return policy;
  }
  return EvictionPolicy::kNone;
}

void Eviction::Configure(EvictionPolicy policy, int64_t samples) {
  if (policy != policy_) pool_.clear();
  policy_ = policy;
  samples_ = samples;
}

bool Eviction::EvictOne() {
  switch (policy_) {
    case EvictionPolicy::kNone:
      return false;
    case EvictionPolicy::kAllKeysRandom:
    case EvictionPolicy::kVolatileRandom:
      return EvictAtRandom();
    case EvictionPolicy::kVolatileTtl:
      return EvictSoonest();
    case EvictionPolicy::kAllKeysLru:
    case EvictionPolicy::kAllKeysLfu:
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kVolatileLfu:
      return EvictByScore();
  }
  return false;
}

Entry* Eviction::RandomEntry(Database& db) {
  if (!OnlyVolatile()) return db.entries().Random(keyspace_.prng());
  const ExpiryHeap& volatiles = db.expiry();
  return volatiles.At(static_cast<uint32_t>(keyspace_.prng().Below(volatiles.size())));
}

uint64_t Eviction::Score(const Entry& entry) const {
  const int64_t now_ms = keyspace_.recent_ms();
  const AccessPolicy& access = keyspace_.access();
  return access.lfu ? UINT8_MAX - Frequency(entry, access, now_ms) : IdleSeconds(entry, now_ms);
}

void Eviction::Offer(Database& db, const Entry& entry) {
  const uint64_t score = Score(entry);
  if (pool_.size() == kPoolMax && score <= pool_.front().score) return;
  const std::string_view key = entry.key();
  const bool pooled = std::any_of(pool_.begin(), pool_.end(), [&](const Candidate& other) {
    return other.db == db.id() && other.key == key;
  });
  if (pooled) return;
  if (pool_.size() == kPoolMax) pool_.erase(pool_.begin());
  const auto place = std::upper_bound(
      pool_.begin(), pool_.end(), score,
      [](uint64_t wanted, const Candidate& candidate) { return wanted < candidate.score; });
  pool_.insert(place, {score, db.id(), std::string(key)});
}

void Eviction::AddSample(Database& db) {
  for (int64_t i = 0; i < samples_; ++i) {
    const Entry& entry = *RandomEntry(db);
    if (entry.KeyBytes() <= kPooledKeyBytesMax) Offer(db, entry);
  }
}

bool Eviction::EvictByScore() {
  bool any = false;
  for (int id = 0; id < keyspace_.database_count(); ++id) {
    Database& db = keyspace_.db(id);
    if (ChoicesIn(db) == 0) continue;
    any = true;
    AddSample(db);
  }
  while (!pool_.empty()) {
    const Candidate best = std::move(pool_.back());
    pool_.pop_back();
    if (best.db >= keyspace_.database_count()) continue;
    if (keyspace_.Evict(keyspace_.db(best.db), best.key, OnlyVolatile())) return true;
  }
  // Nothing but keys too long for the pool: any of them will do.
  return any && EvictAtRandom();
}

bool Eviction::EvictAtRandom() {
  for (int tries = keyspace_.database_count(); tries > 0; --tries) {
    next_db_ = (next_db_ + 1) % keyspace_.database_count();
    Database& db = keyspace_.db(next_db_);
    if (ChoicesIn(db) == 0) continue;
    return keyspace_.Evict(db, RandomEntry(db)->key(), OnlyVolatile());
  }
  return false;
}

bool Eviction::EvictSoonest() {
  Database* soonest = nullptr;
  for (int id = 0; id < keyspace_.database_count(); ++id) {
    Database& db = keyspace_.db(id);
    if (db.volatile_size() == 0) continue;
    if (soonest == nullptr || db.expiry().MinKey() < soonest->expiry().MinKey()) soonest = &db;
  }
  return soonest != nullptr && keyspace_.Evict(*soonest, soonest->expiry().Min()->key(), true);
}

}  // namespace kvasm::keyspace
