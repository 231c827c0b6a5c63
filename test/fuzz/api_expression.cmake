tocsin_fuzz(api_expression USES api)
target_link_libraries(fuzz_api_expression PRIVATE Boost::json)
