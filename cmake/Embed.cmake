# tocsin_embed(MODULE FILE FUNCTION)
#   Compiles the bytes of FILE (in the calling folder) into MODULE as `std::string_view FUNCTION()`, a qualified name such
#   as tocsin::ui::start_page_html that a header of the module declares. Rebuilt when the file changes.
function(tocsin_embed module file function)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  string(MAKE_C_IDENTIFIER ${file} id)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${id}_embedded.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DOUTPUT=${output} -DFUNCTION=${function} -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${source} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    COMMENT "Embedding ${file}")
  target_sources(tocsin_${module} PRIVATE ${output})
endfunction()
