tocsin_fuzz(rule_test_file USES base ruletest)
