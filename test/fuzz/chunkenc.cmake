tocsin_fuzz(chunkenc USES chunkenc model storage)
