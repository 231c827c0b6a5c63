tocsin_fuzz(kubernetes_watch USES discovery)
