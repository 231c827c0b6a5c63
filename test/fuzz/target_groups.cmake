tocsin_fuzz(target_groups USES discovery)
