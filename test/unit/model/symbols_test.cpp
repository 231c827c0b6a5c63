#include "model/symbols.hpp"

#include <thread>

#include <catch2/catch.hpp>

using namespace tocsin::model;

TEST_CASE("each text has one id, in order of first use") {
  SymbolTable table;
  CHECK(table.intern("a") == 0);
  CHECK(table.intern("b") == 1);
  CHECK(table.intern("a") == 0);
  CHECK(table.intern("") == 2);
  CHECK(table.find("b") == 1);
  CHECK(table.find("c") == SymbolTable::kNone);
  CHECK(table.text(0) == "a");
  CHECK(table.size() == 3);
}

TEST_CASE("texts never move and their bytes are counted") {
  SymbolTable table;
  const std::string_view first = table.text(table.intern("the first of many texts that is long"));
  const std::size_t before = table.bytes();
  for (int i = 0; i < 10'000; ++i) table.intern("text number " + std::to_string(i));
  CHECK(first == "the first of many texts that is long");
  CHECK(table.text(0).data() == first.data());
  CHECK(table.bytes() > before + 10'000 * 20);
}

TEST_CASE("many threads agree on the ids") {
  SymbolTable table;
  std::vector<std::thread> threads;
  std::vector<std::vector<SymbolId>> ids(4);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) ids[t].push_back(table.intern(std::to_string(i % 500)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(table.size() == 500);
  for (const auto& list : ids) CHECK(list == ids[0]);
}
