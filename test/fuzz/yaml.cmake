tocsin_fuzz(yaml USES yaml base)
