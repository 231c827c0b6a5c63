tocsin_fuzz(prometheus_wal USES tsdb)
