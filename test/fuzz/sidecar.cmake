tocsin_fuzz(sidecar USES block)
