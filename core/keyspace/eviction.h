// Chooses the keys that go when memory is short, by maxmemory-policy.
//
// LRU and LFU look at a sample of the keys and keep the best candidates seen so far in a pool, so
// that the choice comes close to the true order at a constant cost. volatile-ttl takes the key that
// ends first, exactly: the order is at hand.
//
// Behaviour: Redis 7.2, maxmemory-policy, maxmemory-samples.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace kvasm::keyspace {

enum class EvictionPolicy : uint8_t {
  kNone,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysRandom,
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
};

// `name` as maxmemory-policy has it; kNone for "noeviction" and anything else.
EvictionPolicy EvictionPolicyNamed(std::string_view name);

class Eviction {
 public:
  explicit Eviction(Keyspace& keyspace) : keyspace_(keyspace) {}

  // A change of the policy forgets the candidates. `samples` >= 1: keys looked at in each database
  // for one that goes.
  void Configure(EvictionPolicy policy, int64_t samples);
  // Removes one key (Keyspace::Evict). False when the policy leaves none to remove.
  bool EvictOne();

 private:
  struct Candidate {
    uint64_t score;  // the higher, the sooner it goes
    int db;
    std::string key;
  };

  bool OnlyVolatile() const { return policy_ >= EvictionPolicy::kVolatileLru; }
  uint64_t ChoicesIn(const Database& db) const {
    return OnlyVolatile() ? db.volatile_size() : db.size();
  }
  Entry* RandomEntry(Database& db);
  uint64_t Score(const Entry& entry) const;
  void AddSample(Database& db);
  void Offer(Database& db, const Entry& entry);
  bool EvictByScore();
  bool EvictAtRandom();
  bool EvictSoonest();

  Keyspace& keyspace_;
  EvictionPolicy policy_ = EvictionPolicy::kNone;
  int64_t samples_ = 5;
  std::vector<Candidate> pool_;  // by score, ascending
  int next_db_ = 0;              // random policies take the databases in turn
};

}  // namespace kvasm::keyspace
