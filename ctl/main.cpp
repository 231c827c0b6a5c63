#include "ctl/app.hpp"

int main(int argc, char** argv) {
  return tocsin::ctl::run(argc, argv);
}
