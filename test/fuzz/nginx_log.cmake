tocsin_fuzz(nginx_log USES exporter_nginx)
