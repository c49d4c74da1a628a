slipstream_test(integration kafka LINKS kafka rdkafka)
slipstream_test(integration kafka_sink LINKS kafka rdkafka)
slipstream_test(integration store LINKS store hiredis)
