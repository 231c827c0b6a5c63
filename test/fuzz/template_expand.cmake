tocsin_fuzz(template_expand USES template)
