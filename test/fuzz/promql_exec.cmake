tocsin_fuzz(promql_exec USES promql promql_parser support)
target_include_directories(fuzz_promql_exec PRIVATE ${CMAKE_SOURCE_DIR}/test)
