tocsin_fuzz(promql_parse USES promql_parser)
target_include_directories(fuzz_promql_parse PRIVATE ${CMAKE_SOURCE_DIR}/test)
