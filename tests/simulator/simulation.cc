#include "simulation.h"

#include <millstream/core/fault_points.h>
#include <millstream/core/murmur2.h>

#include "world.h"

#include <cstdio>
#include <utility>

namespace millstream::simulation {

namespace {

World*& current_world() {
  thread_local World* world = nullptr;
  return world;
}
faults::Mutant& active_mutant() {
  static faults::Mutant mutant = faults::Mutant::kNone;
  return mutant;
}

}  // namespace

void set_mutant(faults::Mutant mutant) { active_mutant() = mutant; }

Outcome run_schedule(const ScheduleOptions& options) {
  World world(options);
  current_world() = &world;
  Outcome outcome = world.run();
  current_world() = nullptr;
  return outcome;
}

}  // namespace millstream::simulation

namespace millstream::faults {

bool is_active(Mutant mutant) { return simulation::active_mutant() == mutant; }

void reach(const char* point) {
  simulation::World* world = simulation::current_world();
  if (world != nullptr) world->reach(point);
}

}  // namespace millstream::faults
