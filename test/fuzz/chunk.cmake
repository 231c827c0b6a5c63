tocsin_fuzz(chunk USES tsdb)
