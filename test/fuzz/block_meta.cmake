tocsin_fuzz(block_meta USES block)
