tocsin_fuzz(dbus_message USES exporter_node)
