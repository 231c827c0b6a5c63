tocsin_fuzz(prometheus_chunks USES tsdb)
