slipstream_test(integration kafka LINKS kafka rdkafka)
slipstream_test(integration kafka_sink LINKS kafka rdkafka)
slipstream_test(integration store LINKS store hiredis)
# Published numbers through `simulate --replay`.
add_test(NAME integration/replay COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/integration/test_replay.py)
set_tests_properties(integration/replay PROPERTIES LABELS integration TIMEOUT 600
    ENVIRONMENT "SLIPSTREAM_BINARY=$<TARGET_FILE:slipstream>")
