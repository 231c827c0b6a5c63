tocsin_fuzz(http_form USES net base)
