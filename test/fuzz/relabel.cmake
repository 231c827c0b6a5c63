tocsin_fuzz(relabel USES config)
target_include_directories(fuzz_relabel PRIVATE ${CMAKE_SOURCE_DIR}/test)
