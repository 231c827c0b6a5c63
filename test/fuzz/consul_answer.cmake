tocsin_fuzz(consul_answer USES discovery)
