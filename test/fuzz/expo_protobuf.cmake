tocsin_fuzz(expo_protobuf USES expo)
target_include_directories(fuzz_expo_protobuf PRIVATE ${CMAKE_SOURCE_DIR}/test)
