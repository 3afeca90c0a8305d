#include "core/persist/storage.h"

#include <utility>

namespace kvasm::persist {

void StorageQueue::Add(Lane lane, Operation operation) {
  At(lane).waiting.push_back(std::move(operation));
}

const Operation* StorageQueue::Begin(Lane lane) {
  Line& line = At(lane);
  if (!has_next(lane)) return nullptr;
  line.current = std::move(line.waiting.front());
  line.waiting.pop_front();
  line.is_busy = true;
  return &line.current;
}

void StorageQueue::End(Lane lane, const Outcome& outcome) {
  Line& line = At(lane);
  if (!line.is_busy) return;
  Operation ended = std::move(line.current);
  line.is_busy = false;
  if (ended.done) ended.done(outcome, ended);
}

}  // namespace kvasm::persist
