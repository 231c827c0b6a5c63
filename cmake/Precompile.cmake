# tocsin_precompile(TARGET)   lets it use the precompiled standard headers, if TOCSIN_PCH is on.
# A cold build takes a third less time with them; test/run turns them on. Off by default: what they make differs from
# checkout to checkout, so that ccache shares nothing between two.

# For libraries, and for the programs of tests: headers are good only for files with the same options.
if(TOCSIN_PCH)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch/main.cpp CONTENT "int main() {}\n")
  add_library(tocsin_pch OBJECT ${CMAKE_BINARY_DIR}/pch/main.cpp)
  target_link_libraries(tocsin_pch PRIVATE fmt::fmt)
  target_precompile_headers(tocsin_pch PRIVATE cmake/precompiled.hpp)
endif()

function(tocsin_precompile target)
  get_target_property(type ${target} TYPE)
  if(TOCSIN_PCH AND type STREQUAL "STATIC_LIBRARY")
    target_precompile_headers(${target} REUSE_FROM tocsin_pch)
  endif()
endfunction()

# tocsin_quick_to_build(TARGET)   for files of tests: in a debug build most of their time would go into optimizing and
# watching the coverage of what runs once. What they test keeps its options; both have the sanitizers.
function(tocsin_quick_to_build target)
  set(options $<$<CONFIG:Debug>:-O0>)
  if(TOCSIN_FUZZ)
    list(APPEND options -fno-sanitize=fuzzer-no-link)
  endif()
  target_compile_options(${target} PRIVATE ${options})
  if(NOT TOCSIN_PCH)
    return()
  endif()
  if(NOT TARGET tocsin_test_pch)
    add_executable(tocsin_test_pch EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/pch/main.cpp)
    target_compile_options(tocsin_test_pch PRIVATE ${options})
    target_link_libraries(tocsin_test_pch PRIVATE fmt::fmt Catch2::Catch2)
    target_precompile_headers(tocsin_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp <catch2/catch.hpp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM tocsin_test_pch)
endfunction()
