tocsin_fuzz(remote_read USES wire)
target_include_directories(fuzz_remote_read PRIVATE ${CMAKE_SOURCE_DIR}/test)
