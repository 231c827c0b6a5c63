tocsin_fuzz(text_families USES expo)
