tocsin_fuzz(prometheus_config USES config)
