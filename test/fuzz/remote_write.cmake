tocsin_fuzz(remote_write USES wire)
target_include_directories(fuzz_remote_write PRIVATE ${CMAKE_SOURCE_DIR}/test)
