tocsin_fuzz(netlink_message USES exporter_node)
