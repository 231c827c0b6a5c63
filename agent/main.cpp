#include "agent/agent.hpp"

int main(int argc, char** argv) {
  return tocsin::agent::run(argc, argv);
}
