tocsin_fuzz(web_config USES web yaml net base)
