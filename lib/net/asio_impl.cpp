// Asio, compiled once (BOOST_ASIO_SEPARATE_COMPILATION); its TLS part is ssl_impl.cpp.
#include <boost/asio/impl/src.hpp>
