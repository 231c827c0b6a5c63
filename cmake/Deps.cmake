# Third-party libraries: Debian packages only (deploy/packages.txt), one imported target each.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(SQLite3 REQUIRED)
find_package(date 3 REQUIRED)  # time zones: date::date-tz, reads the system's zoneinfo
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)        # records of Prometheus' log, HTTP answers
pkg_check_modules(deflate REQUIRED IMPORTED_TARGET libdeflate)  # whole gzips; zlib does those that come bit by bit
find_package(Snappy REQUIRED)  # bodies of remote write and read
find_path(MARIADB_INCLUDE mariadb/mysql.h REQUIRED)  # header alone: exporters/mysql/client.cpp loads the library
find_path(PROTOZERO_INCLUDE protozero/pbf_reader.hpp REQUIRED)  # protobuf's wire format; headers alone
add_library(protozero INTERFACE)
target_include_directories(protozero SYSTEM INTERFACE ${PROTOZERO_INCLUDE})
find_path(LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)  # the library is loaded when a server is asked
add_library(libpq_headers INTERFACE)
target_include_directories(libpq_headers SYSTEM INTERFACE ${LIBPQ_INCLUDE})
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)  # DNS: wrapped in lib/net/dns_client.cpp

# Asio and Beast are compiled once, in lib/net; mixed settings would break the one-definition rule, so they are global.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                        BOOST_ALLOW_DEPRECATED_HEADERS)
