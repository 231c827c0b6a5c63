tocsin_fuzz(http_parser USES net)
