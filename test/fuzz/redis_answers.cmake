tocsin_fuzz(redis_answers USES exporter_redis)
