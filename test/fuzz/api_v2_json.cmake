tocsin_fuzz(api_v2_json USES api alerting)
