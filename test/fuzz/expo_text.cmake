tocsin_fuzz(expo_text USES expo)
target_include_directories(fuzz_expo_text PRIVATE ${CMAKE_SOURCE_DIR}/test)
