tocsin_fuzz(prometheus_record USES tsdb)
target_include_directories(fuzz_prometheus_record PRIVATE ${CMAKE_SOURCE_DIR}/test)
