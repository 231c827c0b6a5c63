tocsin_fuzz(rule_file USES rules)
