tocsin_fuzz(wal_record USES tsdb)
