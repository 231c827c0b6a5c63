tocsin_fuzz(my_cnf USES exporter_mysql base)
