# cmake -DSOURCE=... -DOUTPUT=... -DFUNCTION=a::b::f -P embed_file.cmake: writes a C++ file whose function f returns the bytes.
file(READ ${SOURCE} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
string(REGEX MATCH "^(.*)::([^:]+)$" _ ${FUNCTION})
file(WRITE ${OUTPUT} "#include <string_view>\nnamespace ${CMAKE_MATCH_1} {\nstd::string_view ${CMAKE_MATCH_2}();\n"
  "namespace {\nconstexpr unsigned char kBytes[] = {\n${bytes}0};\n}\n"
  "std::string_view ${CMAKE_MATCH_2}() { return {reinterpret_cast<const char*>(kBytes), ${size}}; }\n}\n")
