tocsin_fuzz(amqp_frame USES exporter_rabbitmq)
