tocsin_fuzz(matchers USES config)
