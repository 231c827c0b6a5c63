tocsin_fuzz(url USES net)
