tocsin_fuzz(template_html USES template)
