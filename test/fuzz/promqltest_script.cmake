tocsin_fuzz(promqltest_script USES promqltest)
