#include "app/process.hpp"

int main(int argc, char** argv) {
  return tocsin::app::run(argc, argv);
}
