tocsin_fuzz(alertmanager_config USES config)
