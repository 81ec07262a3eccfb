// verify FOLDER [PARTITIONS]: judges the evidence that a run of the torture application left (see
// evidence.h, judge.h). Prints what is wrong, and as its last line figures in JSON. Exit status: 0
// if nothing is wrong, 1 if something is, 2 if the evidence can't be read. Standard library only.

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "judge.h"

namespace {

unsigned long long figure(std::uint64_t value) { return value; }

bool report(const verifier::Judge& judge) {
  for (const auto& example : judge.examples()) std::printf("%s\n", example.c_str());
  std::uint64_t all = 0;
  std::printf(
      "{\"inputs\": %llu, \"outputs\": %llu, \"sent_aborted\": %llu, \"sent_unknown\": %llu",
      figure(judge.inputs()), figure(judge.outputs()), figure(judge.aborted()),
      figure(judge.unknown()));
  for (const auto& [kind, count] : judge.faults()) {
    all += count;
    std::printf(", \"%s\": %llu", kind.c_str(), figure(count));
  }
  std::printf("}\n");
  return all == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: verify FOLDER [PARTITIONS]\n");
    return 2;
  }
  try {
    verifier::Judge judge(argv[1], argc == 3 ? std::atoi(argv[2]) : 8);
    judge.judge();
    return report(judge) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "verify: %s\n", error.what());
    return 2;
  }
}
