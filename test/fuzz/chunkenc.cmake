tocsin_fuzz(chunkenc USES chunkenc model storage)
target_include_directories(fuzz_chunkenc PRIVATE ${CMAKE_SOURCE_DIR}/test)
