tocsin_fuzz(openmetrics USES expo)
target_include_directories(fuzz_openmetrics PRIVATE ${CMAKE_SOURCE_DIR}/test)
