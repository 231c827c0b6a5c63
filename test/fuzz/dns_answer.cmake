tocsin_fuzz(dns_answer USES net)
