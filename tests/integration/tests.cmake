slipstream_test(integration kafka LINKS kafka)
slipstream_test(integration store LINKS store hiredis)
