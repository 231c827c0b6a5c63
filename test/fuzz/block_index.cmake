tocsin_fuzz(block_index USES block)
