// A fingerprint of the data, the same as Redis's for the same data (DEBUG DIGEST, DEBUG
// DIGEST-VALUE): equal data sets have equal digests, in whatever order and encoding they are held.
#pragma once

#include "core/base/sha1.h"
#include "core/keyspace/keyspace.h"

namespace kvasm::commands {

// Of one value and whether it expires (not when), without its key.
base::Sha1Digest ValueDigest(keyspace::Keyspace& keyspace, keyspace::Entry& entry);

// Of all databases. O(data); changes nothing.
base::Sha1Digest DatasetDigest(keyspace::Keyspace& keyspace);

}  // namespace kvasm::commands
